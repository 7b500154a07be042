// The pinned messages of a room, the last one pinned first.

import { t } from "../i18n/index.ts";
import { command, goTo } from "../store/history.ts";
import { meetAuthors } from "../store/names.ts";
import type { wire } from "../store/sdk.ts";
import { isConnected, me, placeOf } from "../store/state.ts";
import { Body } from "../timeline/Body.tsx";
import { MessageFiles } from "../timeline/MessageFiles.tsx";
import { GAP, Speaker, Time } from "../timeline/Row.tsx";
import { useAsked } from "../ui/Asked.tsx";
import { Empty } from "../ui/Text.tsx";

interface Found {
  pins: { seq: number; message: wire.Message }[];
  people?: Record<string, wire.Author>;
}

async function pinned(room: string): Promise<wire.Message[]> {
  const found = await command<Found>("list_pins", { room });
  meetAuthors(found);
  return found.pins.map(({ message }) => message);
}

export function Pins({ room }: { room: string }) {
  const { found: messages, state } = useAsked(() => pinned(room), [room, placeOf(room)?.pins.value, isConnected.value]);
  if (!messages) return state;
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
