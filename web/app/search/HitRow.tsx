// A message that was found: who said it and where, the words that were looked for, and what stands around it.

import { useState } from "preact/hooks";
import { dayOf, fullOf, timeOf } from "../i18n/dates.ts";
import { s } from "../i18n/search.ts";
import { addressOf, placeIn } from "../store/address.ts";
import { around, type Hit } from "../store/finding.ts";
import { nameOf } from "../store/names.ts";
import { titleOf } from "../store/rooms.ts";
import { showFound } from "../store/seeking.ts";
import { me, session } from "../store/state.ts";
import { Body } from "../timeline/Body.tsx";
import { EmojiText } from "../timeline/EmojiText.tsx";
import { Files } from "../timeline/Files.tsx";
import { Speaker } from "../timeline/Row.tsx";
import { useAsked } from "../ui/Asked.tsx";
import { Icon } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { markedParts } from "./query.ts";

const MOST = 400; // characters of a text

interface HitProps {
  hit: Hit;
  titles: Readonly<Record<string, string>>;
  /** Remember that one went from here. */
  leave(): void;
}

export function HitRow({ hit, titles, leave }: HitProps) {
  const { room, message, highlights } = hit;
  const { room: key, root } = placeIn(room);
  const title = session.value?.account?.row(key) ? titleOf(key) : (titles[room] ?? titleOf(key));
  const [isOpen, setOpen] = useState(false);
  const show = (click: MouseEvent) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
    click.preventDefault();
    click.stopPropagation(); // or it is taken for a link in a message
    leave();
    showFound(room, message.seq);
  };
  return (
    <li class="hit" data-key={`${room}/${message.seq}`}>
      <Speaker by={message.by} />
      <div class="main">
        <p class="of">
          <a class="place" href={addressOf(key, root ?? message.seq)} rel="noopener noreferrer" onClick={show}>
            <bdi class="visually-hidden">{harmless(nameOf(message.by))} </bdi>
            <bdi>{harmless(title)}</bdi>
          </a>
          {root && (
            <span class="in-thread">
              <Icon name="thread" />
              {s.inThread}
            </span>
          )}
          <time dateTime={message.at} title={fullOf(message.at)}>
            {dayOf(message.at)} {timeOf(message.at)}
          </time>
          <button type="button" class="quiet around" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {s.around}
          </button>
        </p>
        <Text message={message} highlights={highlights} />
        {message.files && <Files of={message.files} />}
        {isOpen && <Around hit={hit} />}
      </div>
    </li>
  );
}

const Text = ({ message, highlights }: Pick<Hit, "message" | "highlights">) => (
  <p class="text" dir="auto">
    {message.text === undefined ? (
      <em class="instead">{s.binary}</em>
    ) : (
      markedParts(message.text, highlights, MOST).map((part, i) =>
        i % 2 ? <mark key={i}>{harmless(part)}</mark> : <EmojiText key={i} text={harmless(part)} />,
      )
    )}
  </p>
);

/** What was said just before and after it. */
function Around({ hit }: { hit: Hit }) {
  const { found, state } = useAsked(() => around(hit));
  if (!found) return state;
  const near = [...found.before, hit.message, ...found.after];
  return (
    <ol class="near">
      {near.map((message) => (
        <li key={message.seq} class={message.seq === hit.message.seq ? "itself" : undefined}>
          <strong>
            <bdi>{harmless(nameOf(message.by))}</bdi>
          </strong>
          <div class="said" dir="auto">
            <div class="body">
              <Body message={message} who={me().who} />
            </div>
          </div>
        </li>
      ))}
    </ol>
  );
}
