// The pinned messages of a room, the last one pinned first.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { ask, goTo } from "../store/history.ts";
import { meetAuthors } from "../store/names.ts";
import type { wire } from "../store/sdk.ts";
import { me, placeOf } from "../store/state.ts";
import { Body } from "../timeline/Body.tsx";
import { MessageFiles } from "../timeline/MessageFiles.tsx";
import { GAP, Speaker, Time } from "../timeline/Row.tsx";
import { Empty } from "../ui/Text.tsx";

interface Found {
  pins: { seq: number; message: wire.Message }[];
  people?: Record<string, wire.Author>;
}

export function Pins({ room }: { room: string }) {
  const [messages, setMessages] = useState<wire.Message[]>();
  const pins = placeOf(room)?.pins.value;
  useLayoutEffect(() => {
    ask("list_pins", { room }).then((answer) => {
      const found = (answer ?? { pins: [] }) as Found;
      meetAuthors(found);
      setMessages(found.pins.map(({ message }) => message));
    });
  }, [room, pins]);
  if (!messages) return <Empty text={t.loading} />;
  if (!messages.length) return <Empty text={t.noPins} />;
  return (
    <ol class="scroller pins">
      {messages.map((message) => (
        <li key={message.seq}>
          <Speaker by={message.by} />
          <div class="said" dir="auto">
            <div class="body">
              <Body message={message} who={me().who} />
            </div>
            {GAP}
            <Time at={message.at} />
          </div>
          <MessageFiles of={message} />
          <button type="button" class="quiet" onClick={() => goTo(room, message.seq)}>
            {t.goThere}
          </button>
        </li>
      ))}
    </ol>
  );
}
