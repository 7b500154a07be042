// A text with images in the place of the server's emoji that it names.

import { splitAtEmoji } from "../store/emoji.ts";

export const EmojiText = ({ text }: { text: string }) => (
  <>
    {splitAtEmoji(text).map((part, i) =>
      typeof part === "string" ? part : <img key={i} class="emoji" src={part.src} alt={part.name} title={part.name} loading="lazy" />,
    )}
  </>
);
