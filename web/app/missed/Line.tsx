// One line of what one has missed, all of which leads to its place.

import type { ComponentChildren } from "preact";
import { dayOf, fullOf, timeOf } from "../i18n/dates.ts";
import { m } from "../i18n/missed.ts";
import { plainOf } from "../markdown/index.ts";
import { addressOf, placeIn } from "../store/address.ts";
import type { Excerpt } from "../store/missed.ts";
import { nameOf } from "../store/names.ts";
import { showFound } from "../store/seeking.ts";
import { EmojiText } from "../timeline/EmojiText.tsx";
import { Speaker } from "../timeline/Row.tsx";
import { harmless } from "../ui/text.ts";

/** What makes a link lead to a message, or to a room; in a thread, to its replies. */
export function showing(key: string, seq: number) {
  const { room, root } = placeIn(key);
  const show = (click: MouseEvent) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
    click.preventDefault();
    click.stopPropagation(); // or it is taken for a link in a message
    showFound(key, root ? 0 : seq); // a thread opens at its end
  };
  return { href: addressOf(room, (root ?? seq) || undefined), rel: "noopener noreferrer", onClick: show };
}

interface LineProps {
  room: string;
  of: Excerpt;
  /** Why it is here. */
  label: ComponentChildren;
  /** Whether it mentions you. */
  isCalling?: boolean;
}

export const Line = ({ room, of: { seq, at, by, text }, label, isCalling }: LineProps) => (
  <li class={isCalling ? "hit calling" : "hit"}>
    {by ? <Speaker by={by} /> : <div class="speaker" />}
    <div class="main">
      <p class="of">
        <span class="label">{label}</span>
        <time dateTime={at} title={fullOf(at)}>
          {dayOf(at)} {timeOf(at)}
        </time>
      </p>
      <p class="text" dir="auto">
        <a class="place" {...showing(room, seq)}>
          {by && <bdi class="visually-hidden">{harmless(nameOf(by))} </bdi>}
          {text ? <EmojiText text={harmless(plainOf(text))} /> : <em>{m.withoutText}</em>}
        </a>
      </p>
    </div>
  </li>
);
