// What a word may be completed to, as a list over the field: the focus stays in the field, which says what is chosen.

import { t } from "../i18n/index.ts";
import { pictureOf } from "../store/names.ts";
import { pictureOfRoom } from "../store/rooms.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Option } from "../ui/Option.tsx";
import { harmless } from "../ui/text.ts";
import type { Candidate } from "./candidates.ts";

interface CompletionProps {
  id: string;
  found: readonly Candidate[];
  /** The place of the one that is chosen; less than 0: none. */
  chosen: number;
  take(candidate: Candidate): void;
}

export const optionId = (id: string, i: number): string => `${id}-${i}`;

export const Sign = ({ sign }: { sign: Candidate["sign"] }) => {
  if ("who" in sign) return <Avatar who={sign.who} picture={pictureOf(sign.who)} />;
  if ("room" in sign) return <Avatar who={sign.room} picture={pictureOfRoom(sign.room)} />;
  return (
    <span class="sign" aria-hidden="true">
      {"src" in sign ? <img class="emoji" src={sign.src} alt="" /> : sign.text}
    </span>
  );
};

export const Completion = ({ id, found, chosen, take }: CompletionProps) => (
  <div class="completion" id={id} role="listbox" aria-label={t.suggestions}>
    {found.map((candidate, i) => (
      <Option key={candidate.key} id={optionId(id, i)} isChosen={i === chosen} take={() => take(candidate)}>
        <Sign sign={candidate.sign} />
        <bdi>{harmless(candidate.name)}</bdi>
        <small>
          <bdi>{harmless(candidate.hint)}</bdi>
        </small>
      </Option>
    ))}
  </div>
);
