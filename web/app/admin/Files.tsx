// How much files take and may take, and whose take most.

import { a } from "../i18n/admin.ts";
import { dateOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import {
  deleteMessage,
  type FilesOf,
  type FileUse,
  fileUse,
  type LargeFile,
  type Limits,
  largestFiles,
  limitFiles,
} from "../store/administering.ts";
import { pictureOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { useAsked } from "../ui/Asked.tsx";
import { Avatar } from "../ui/Avatar.tsx";
import { openConfirmation } from "../ui/Confirm.tsx";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form, type Values } from "../ui/Form.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Empty, Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

const MEBIBYTE = 2 ** 20;
const LIMITS = ["file", "person", "server"] as const satisfies (keyof Limits)[];

const most = (size: number, isOfAll: boolean): string => (size || !isOfAll ? a.limitTo(t.bytes(size)) : a.noLimit);

export function Files() {
  const { found, again, state } = useAsked(fileUse);
  return (
    <>
      {state}
      {found && <Use use={found} again={again} />}
      {found && <Largest again={again} />}
    </>
  );
}

/** The largest files, with the messages that show them. */
function Largest({ again }: { again(): void }) {
  const { found, again: askAgain, state } = useAsked(largestFiles);
  const changed = () => {
    askAgain();
    again();
  };
  return (
    <>
      <h2>{a.largestFiles}</h2>
      {found?.some(({ room, may_delete }) => room && !may_delete) && <p class="hint">{a.largeHint}</p>}
      {state}
      {found && !found.length && <Empty text={a.noLargeFiles} />}
      <ul class="listing">
        {found?.map((each, place) => (
          <Large key={each.file ?? place} file={each} again={changed} />
        ))}
      </ul>
    </>
  );
}

function Large({ file, again }: { file: LargeFile; again(): void }) {
  const { size, at, handle, person, room, title, seq, may_delete } = file;
  const name = file.name === null ? a.someFile : harmless(file.name);
  const where = title ? a.inRoom(harmless(title)) : a.inDirect;
  const ask = () =>
    openConfirmation({
      title: a.deleteFileNamed(name),
      text: a.deleteFileMeans(harmless(person || t.removedAccount), t.bytes(size)),
      button: a.deleteFileNow,
      act: () => deleteMessage(room ?? "", seq ?? 0).then(again),
    });
  return (
    <li>
      <Icon name="file" />
      <span class="who">
        <bdi>{name}</bdi>
        <small>{`${handle ? `@${handle}` : t.removedAccount} ${where}`}</small>
      </span>
      <small class="facts">{at ? `${t.bytes(size)} · ${dateOf(at)}` : t.bytes(size)}</small>
      {may_delete && (
        <button type="button" aria-label={`${a.deleteFile} ${name}`} onClick={ask}>
          {a.deleteFile}
        </button>
      )}
    </li>
  );
}

function Use({ use, again }: { use: FileUse; again(): void }) {
  const { used, limits, defaults, people } = use;
  return (
    <>
      <p>{a.filesTake(t.bytes(used), limits.server ? t.bytes(limits.server) : "")}</p>
      <p class="hint">{a.nothingGoes}</p>
      <ul class="listing">
        {LIMITS.map((each) => {
          const isOfAll = each === "server";
          const hint = a.byDefault(most(defaults[each], isOfAll));
          return (
            <li key={each}>
              <span class="who">
                {a.limits[each]}
                <small>{most(limits[each], isOfAll)}</small>
              </span>
              <Limit
                {...{ whose: each, title: a.limits[each] ?? "", hint, again }}
                value={limits[each] === defaults[each] ? undefined : limits[each]}
              />
            </li>
          );
        })}
      </ul>
      <h2>{a.mostFiles}</h2>
      {!people.length && <Empty text={a.noFiles} />}
      <ul class="listing">
        {people.map((each) => (
          <Person key={each.account} person={each} limits={limits} again={again} />
        ))}
      </ul>
    </>
  );
}

const Person = ({ person, limits, again }: { person: FilesOf; limits: Limits; again(): void }) => {
  const { account, handle, name, used, limit, is_own_limit } = person;
  const facts = [a.takes(t.bytes(used), t.bytes(limit)), is_own_limit && a.ownLimit];
  return (
    <li>
      <Avatar who={account} picture={pictureOf(account)} />
      <span class="who">
        <Name text={name} />
        <small>{`@${handle}`}</small>
      </span>
      <small class="facts">{facts.filter(Boolean).join(" · ")}</small>
      <Limit
        {...{ whose: account, title: harmless(name), hint: a.asForAll(a.limitTo(t.bytes(limits.person))), again }}
        value={is_own_limit ? limit : undefined}
      />
    </li>
  );
};

interface LimitProps {
  whose: string;
  title: string;
  /** What holds if the field is empty. */
  hint: string;
  value: number | undefined;
  again(): void;
}

const Limit = (props: LimitProps) => (
  <button type="button" aria-label={a.limitOf(props.title)} onClick={() => openDialog(<Limiting {...props} />)}>
    {a.limit}
  </button>
);

function Limiting({ whose, title, hint, value, again }: LimitProps) {
  const field = {
    name: "mebibytes",
    label: a.mebibytes,
    hint,
    value: value === undefined ? "" : String(value / MEBIBYTE),
    input: { inputMode: "numeric" as const, autocomplete: "off" },
    autofocus: true,
  };
  const act = async ({ mebibytes = "" }: Values) => {
    const wanted = mebibytes.trim();
    const size = Math.round(Number(wanted.replace(",", ".")) * MEBIBYTE);
    if (wanted && !(size >= 0)) throw new Error(a.useMebibytes);
    await limitFiles(whose, wanted ? size : null);
    say(t.saved);
    closeDialog();
    again();
  };
  return (
    <Dialog title={a.limitOf(title)}>
      <p>{a.nothingGoes}</p>
      <Form fields={[field]} button={t.save} act={act} blame={() => field.name} />
    </Dialog>
  );
}
