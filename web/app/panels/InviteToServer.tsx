// Make a link by which people make accounts on this server.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { call } from "../store/http.ts";
import { rolesToInvite } from "../store/settings.ts";
import { copyText } from "../ui/copy.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { Field, type FieldSpec, Form, type Values } from "../ui/Form.tsx";

/** `roles` are those that it may give; `made` is called once there is a link. */
export const inviteToServer = (roles: string[], made = () => {}): void =>
  openDialog(<InviteToServer roles={roles} rooms={[]} made={made} />);

/** A link into a room, for whoever may invite guests there. */
export const inviteByLink = (room: string, roles: string[]): void =>
  openDialog(<InviteToServer roles={[...new Set(["guest", ...roles])]} rooms={[room]} made={() => {}} />);

/** The roles that one may invite people as, which depend on one's own. */
export function useRolesToInvite(own = ""): string[] {
  const [roles, setRoles] = useState<string[]>([]);
  useLayoutEffect(() => {
    rolesToInvite().then(setRoles, () => setRoles([]));
  }, [own]);
  return roles;
}

const number = (name: string, label: string, max: number, value: string): FieldSpec => ({
  name,
  label,
  value,
  input: { type: "number", min: 1, max, inputMode: "numeric", required: true },
});

const fieldsOf = (roles: string[], role: string): FieldSpec[] => [
  {
    name: "role",
    label: t.role,
    options: roles.map((value) => ({ value, label: t.roles[value] ?? value })),
    value: role,
    autofocus: true,
  },
  number("uses", t.forHowMany, 1000, "1"),
  number("days", t.daysUntil, 365, "7"),
];

function InviteToServer({ roles, rooms, made }: { roles: string[]; rooms: string[]; made(): void }) {
  const [link, setLink] = useState("");
  const act = async ({ role, uses, days }: Values) => {
    const { token } = await call<{ token: string }>("POST", "/invites", { role, uses: Number(uses), days: Number(days), rooms });
    setLink(`${location.origin}/i#${token}`);
    made();
  };
  return (
    <Dialog title={rooms.length ? t.inviteByLink : t.inviteToServer}>
      {link ? (
        <ShownOnce link={link} />
      ) : (
        <Form fields={fieldsOf(roles, rooms.length ? "guest" : "member")} button={t.makeLink} act={act}>
          {rooms.length > 0 && <p class="hint">{t.inviteByLinkHint}</p>}
        </Form>
      )}
    </Dialog>
  );
}

function ShownOnce({ link }: { link: string }) {
  const root = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState("");
  useLayoutEffect(() => root.current?.querySelector("button")?.focus(), []);
  const copy = async () => {
    root.current?.querySelector("input")?.select();
    setSaid((await copyText(link)) ? t.copied : t.pressToCopy);
  };
  const field: FieldSpec = { name: "link", label: t.inviteLink, hint: t.linkShownOnce, value: link, input: { readOnly: true } };
  return (
    <div class="link" ref={root}>
      <Field spec={field} />
      <button type="button" class="primary" onClick={copy}>
        {t.copy}
      </button>
      <p role="status">{said}</p>
    </div>
  );
}
