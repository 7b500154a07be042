// A person in a list: sign, name, handle, and what else is to be said.

import { nameOf, personOf, pictureOf } from "../store/names.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Name } from "../ui/Text.tsx";

interface PersonProps {
  who: string;
  more?: string | undefined;
  /** Whether they are there. */
  state?: string | undefined;
}

export function Person({ who, more = "", state }: PersonProps) {
  const handle = personOf(who)?.handle;
  return (
    <>
      <Avatar who={who} state={state} picture={pictureOf(who)} />
      <span class="who">
        <Name text={nameOf(who)} />
        <small>{handle && <bdi>{`@${handle}`}</bdi>}</small>
      </span>
      {more && <small>{more}</small>}
    </>
  );
}
