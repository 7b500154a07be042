// A person in a list: sign, name, handle, and what else is to be said.

import { nameOf, personOf } from "../store/names.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Name } from "../ui/Text.tsx";

export function Person({ who, more = "" }: { who: string; more?: string | undefined }) {
  const handle = personOf(who)?.handle;
  return (
    <>
      <Avatar who={who} />
      <span class="who">
        <Name text={nameOf(who)} />
        <small>{handle ? `@${handle}` : ""}</small>
      </span>
      {more && <small>{more}</small>}
    </>
  );
}
