// A text with images in the place of the server's emoji that it names.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { splitAtEmoji, srcOf } from "../store/emoji.ts";
import type { Emojis } from "../store/emojis.ts";
import { Drawn } from "../ui/Drawn.tsx";

const SIZE = 22; // pixels

/** Where images come from that no address leads to; undefined: they have addresses. */
export const EmojiSource = createContext<Emojis | undefined>(undefined);

export function EmojiText({ text }: { text: string }) {
  const source = useContext(EmojiSource);
  if (source) {
    return (
      <>
        {splitAtEmoji(text, source.find).map((part, i) =>
          typeof part === "string" ? (
            part
          ) : (
            <span key={i} class="emoji" title={part.name}>
              <Drawn of={part.image} label={part.name} width={SIZE} height={SIZE} />
            </span>
          ),
        )}
      </>
    );
  }
  return (
    <>
      {splitAtEmoji(text, srcOf).map((part, i) =>
        typeof part === "string" ? part : <img key={i} class="emoji" src={part.image} alt={part.name} title={part.name} loading="lazy" />,
      )}
    </>
  );
}
