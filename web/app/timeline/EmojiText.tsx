// A text with images in the place of the server's emoji that it names.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { EmbeddedEmoji } from "../store/embedded_emoji.ts";
import { splitAtEmoji, srcOf } from "../store/emoji.ts";
import { Drawn } from "../ui/Drawn.tsx";

const SIZE = 22; // pixels

/** Where images come from that no address leads to; undefined: they have addresses. */
export const EmojiSource = createContext<EmbeddedEmoji | undefined>(undefined);

const Image = ({ name, of }: { name: string; of: string | Blob }) =>
  typeof of === "string" ? (
    <img class="emoji" src={of} alt={name} title={name} loading="lazy" />
  ) : (
    <span class="emoji" title={name}>
      <Drawn of={of} label={name} width={SIZE} height={SIZE} />
    </span>
  );

export function EmojiText({ text }: { text: string }) {
  const find = useContext(EmojiSource)?.find ?? srcOf;
  const parts = splitAtEmoji<string | Blob>(text, find);
  return <>{parts.map((part, i) => (typeof part === "string" ? part : <Image key={i} name={part.name} of={part.image} />))}</>;
}
