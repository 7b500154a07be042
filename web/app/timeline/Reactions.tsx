// The reactions to a message: how many there are of each, and whether one's own is among them.

import { t } from "../i18n/index.ts";
import { nameOf } from "../store/names.ts";
import { reactedWith, whoOf, type wire } from "../store/sdk.ts";
import { react } from "../store/sending.ts";
import { harmless } from "../ui/text.ts";
import { EmojiText } from "./EmojiText.tsx";

export const hasReacted = (message: wire.Message, emoji: string, who: string): boolean =>
  reactedWith(message, emoji).some((author) => whoOf(author) === who);

export const Reactions = ({ room, message, who }: { room: string; message: wire.Message; who: string }) => (
  <div class="reactions">
    {Object.entries(message.reactions ?? {}).map(([emoji, names]) => {
      const isMine = hasReacted(message, emoji, who);
      return (
        <button
          key={emoji}
          type="button"
          title={names.map((name) => harmless(nameOf(name))).join(", ")}
          aria-pressed={isMine}
          aria-label={t.reactedBy(harmless(emoji), names.length)}
          onClick={() => react(room, message.seq, emoji, !isMine)}
        >
          <EmojiText text={harmless(emoji)} /> {names.length}
        </button>
      );
    })}
  </div>
);
