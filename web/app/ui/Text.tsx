// Names and other short texts of people: shown as what they are, with their own direction.

import { harmless } from "./text.ts";

export const Name = ({ text, id, className, title }: { text: string; id?: string; className?: string; title?: string }) => (
  <bdi id={id} class={className} title={title}>
    {harmless(text)}
  </bdi>
);

export const Why = ({ text }: { text: string }) => (
  <p class="why" role="alert">
    {text}
  </p>
);

export const Empty = ({ text }: { text: string }) => <p class="empty">{text}</p>;
