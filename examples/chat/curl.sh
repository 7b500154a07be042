#!/bin/sh
# curl: what happens comes as server-sent events, each with its number; a line of yours goes out as a POST.
room="${1:-http://localhost:8181}/api/v1/rooms/lobby"

curl --silent --no-buffer --header 'Accept: text/event-stream' "$room/events" &
trap "kill $!" EXIT
trap exit INT TERM

while IFS= read -r line; do
    text=$(printf %s "$line" | sed 's/[\\"]/\\&/g')
    curl --silent --show-error --fail --output /dev/null --json "{\"text\": \"$text\"}" "$room/messages?name=curl"
done
