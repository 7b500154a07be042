// A feed of posts: node feed.js [SERVER] shows the newest and every later one, with the number of likes;
// node feed.js [SERVER] post TEXT posts one, and node feed.js [SERVER] like SEQ likes one.
import { connect } from "../../web/sdk/hubbub.ts"; // in your program: from "hubbub"

const ROOM = "news";
const given = process.argv.slice(2);
const server = given[0]?.includes("://") ? given.shift() : "http://localhost:8181";
const [verb, what] = given;
const client = connect(server);

const show = ({ seq, at, by, text, reactions }) =>
  console.log(`#${seq} ${at.slice(11, 16)} ${by}: ${text} 👍 ${reactions?.["👍"]?.length ?? 0}`);

if (verb === "post") {
  const { seq } = await client.post(ROOM, what); // stored, whatever happened to the connection meanwhile
  console.log(`posted as #${seq}`);
} else if (verb === "like") {
  await client.send("react", { room: ROOM, seq: Number(what), emoji: "👍" });
} else {
  const feed = await client.follow(ROOM);
  feed.messages.filter(({ deleted }) => !deleted).forEach(show);
  for await (const event of feed) {
    const seq = event.event === "posted" ? event.seq : event.message;
    const post = feed.messages.find((message) => message.seq === seq);
    if (post && !post.deleted) show(post); // new, edited, liked
  }
}
client.close();
