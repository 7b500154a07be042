// A room, beside its messages: who is in it, what it is like, and the ways out.

import { t } from "../i18n/index.ts";
import { levelOf } from "../store/badges.ts";
import { leave } from "../store/doing.ts";
import { archive, askRights, type Rights, restore, type RoomSettings as Settings, settingsOf } from "../store/managing.ts";
import { say } from "../store/screen.ts";
import type { wire } from "../store/sdk.ts";
import { changeLevel, rolesToInvite } from "../store/settings.ts";
import { accountOf, changesIn, isConnected } from "../store/state.ts";
import { useAsked } from "../ui/Asked.tsx";
import { openConfirmation } from "../ui/Confirm.tsx";
import { harmless } from "../ui/text.ts";
import { inviteToRoom } from "./InviteToRoom.tsx";
import { inviteByLink } from "./InviteToServer.tsx";
import { Members } from "./Members.tsx";
import { Restrained } from "./Restrained.tsx";
import { RoomSettings } from "./RoomSettings.tsx";

interface Known {
  settings: Settings;
  rights: Rights;
}

const fail = (error: Error) => say(error.message);

async function about(room: string): Promise<Known> {
  const [settings, rights] = await Promise.all([settingsOf(room), askRights(room)]);
  return { settings, rights };
}

export function AboutRoom({ room }: { room: string }) {
  const row = accountOf()?.row(room);
  const { found: known, state } = useAsked(() => about(room), [room, changesIn(room), isConnected.value]);
  return (
    <div class="scroller about">
      {state}
      {known && <p>{t.kinds[known.settings.kind]}</p>}
      {row && <Level row={row} />}
      {known && <Inside room={room} {...known} />}
      {row && <Leaving row={row} />}
    </div>
  );
}

function Inside({ room, settings, rights }: Known & { room: string }) {
  const { kind, members } = settings;
  const isMade = kind !== "direct";
  const mayChange = isMade && [rights.title, rights.describe, rights.depict, rights.moderate, rights.manage].some((may) => may?.allowed);
  return (
    <>
      <Members room={room} kind={kind} count={members} rights={rights} />
      {isMade && rights.invite?.allowed && (
        <button type="button" onClick={() => inviteToRoom(room)}>
          {t.invitePeople}
        </button>
      )}
      {isMade && rights.invite_guest?.allowed && (
        <button type="button" onClick={() => rolesToInvite().then((roles) => inviteByLink(room, roles), fail)}>
          {t.inviteByLink}
        </button>
      )}
      {mayChange && <RoomSettings room={room} rights={rights} />}
      {isMade && rights.moderate?.allowed && <Restrained room={room} />}
      <Archiving room={room} settings={settings} rights={rights} />
    </>
  );
}

/** What one wants to be told of the room. */
const Level = ({ row }: { row: wire.MyRoom }) => (
  <div class="field">
    <label for="level">{t.notifyMe}</label>
    <select id="level" onChange={({ currentTarget }) => changeLevel(row.room, currentTarget.value as wire.SetRoom["level"]).catch(fail)}>
      <option value="" selected={!row.level}>
        {t.defaultLevel(t.levels[levelOf({ ...row, level: "" })] ?? "")}
      </option>
      {Object.entries(t.levels).map(([level, words]) => (
        <option key={level} value={level} selected={level === row.level}>
          {words}
        </option>
      ))}
    </select>
  </div>
);

function Archiving({ room, settings, rights }: Known & { room: string }) {
  if (settings.archived_at)
    return rights.restore?.allowed ? (
      <button type="button" onClick={() => restore(room).catch(fail)}>
        {t.restoreRoom}
      </button>
    ) : null;
  if (!rights.manage?.allowed || settings.kind === "direct") return null;
  const ask = () =>
    openConfirmation({
      title: t.archiveRoom,
      text: t.archiveMeans(settings.members, settings.nth),
      button: t.archive,
      act: () => archive(room),
    });
  return (
    <button type="button" onClick={ask}>
      {t.archiveRoom}
    </button>
  );
}

function Leaving({ row }: { row: wire.MyRoom }) {
  const out = () => leave(row.room);
  if (row.kind === "direct")
    return (
      <button type="button" class="out" onClick={() => out().catch(fail)}>
        {t.putAway}
      </button>
    );
  const title = harmless(accountOf()?.titleOf(row) ?? "");
  const ask = () =>
    openConfirmation({
      title: t.leaveNamed(title),
      text: row.kind === "open" ? t.leaveOpenMeans : t.leaveClosedMeans,
      button: t.leaveRoom,
      act: out,
    });
  return (
    <button type="button" class="out" onClick={ask}>
      {t.leaveRoom}
    </button>
  );
}
