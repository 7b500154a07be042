// What accounts do in a window of its own: make rooms, write to someone, look for rooms, invite, log out.

import type { wire } from "#sdk";
import type { Account } from "./account.ts";
import { avatar, harmless, make } from "./dom.ts";
import { choice, field, form, selection } from "./forms.ts";
import { call, list } from "./http.ts";
import { everyone, nameOf, personOf } from "./names.ts";

/** What dialogs do to the page. */
export interface Doing {
  account: Account;
  /** Send a command that must succeed; rejects with why it did not. */
  ask(command: Omit<wire.Create, "id"> | Omit<wire.InvitePeople, "id"> | Omit<wire.Join, "id"> | Omit<wire.Leave, "id">): Promise<unknown>;
  open(room: string): void;
  left(room: string): void;
  logOut(): Promise<void>;
  unsent(): number;
}

/** An open room as the directory has it. */
export interface Listed {
  room: string;
  title: string;
  topic: string;
  members: number;
}

interface Member {
  account: string;
  role: string;
}

const ROLES: Record<string, string> = {
  guest: "Guest",
  member: "Member",
  moderator: "Moderator",
  admin: "Admin",
  owner: "Owner",
  host: "Host",
};

/** Open a window. It is gone once it is closed. */
function dialog(title: string, ...content: Node[]): HTMLDialogElement {
  const close = make("button", { className: "quiet", type: "button", attributes: { "aria-label": "Close" } }, "✕");
  const heading = make("h2", { id: "dialog-title" }, title);
  const element = make("dialog", { attributes: { "aria-labelledby": heading.id } }, make("header", {}, heading, close), ...content);
  close.addEventListener("click", () => element.close());
  element.addEventListener("close", () => element.remove());
  element.addEventListener("pointerdown", (event) => event.target === element && element.close()); // beside it
  document.body.append(element);
  element.showModal();
  return element;
}

const empty = (words: string): HTMLElement => make("p", { className: "empty" }, words);

/** People to be found by name or handle; `row` makes what stands for each. */
function finder(people: string[], none: string, row: (key: string) => HTMLElement): [HTMLElement, HTMLElement] {
  const search = field("Find people", { type: "search", autocomplete: "off" });
  const found = make("ul", { className: "people" });
  const rows = people.map((key): [string, HTMLElement] => [`${nameOf(key)} ${personOf(key)?.handle ?? ""}`.toLowerCase(), row(key)]);
  const nobody = empty("Nobody found");
  const show = () => {
    const wanted = search.value().toLowerCase();
    let count = 0;
    for (const [words, item] of rows) {
      item.hidden = !words.includes(wanted);
      if (!item.hidden) count += 1;
    }
    nobody.hidden = count > 0;
  };
  found.append(...rows.map(([, item]) => item));
  search.input.addEventListener("input", show);
  show();
  return people.length ? [search.root, make("div", {}, found, nobody)] : [empty(none), make("div")];
}

function person(key: string, more = ""): (Node | string)[] {
  const handle = personOf(key)?.handle;
  const name = make("span", { className: "who" }, make("bdi", {}, harmless(nameOf(key))), make("small", {}, handle ? `@${handle}` : ""));
  return [avatar(nameOf(key), key), name, ...(more ? [make("small", {}, more)] : [])];
}

/** Make an open or a closed room. */
export function newRoom({ ask, open }: Doing): void {
  const title = field("Title", { required: "", maxlength: "80", autocomplete: "off", autocapitalize: "sentences" });
  const kind = choice("Who may come in", "kind", [
    { value: "open", label: "Open", hint: "Everyone with an account can find and join it" },
    { value: "closed", label: "Closed", hint: "Only people who are invited know that it exists" },
  ]);
  const act = async () => {
    const made = await ask({ do: "create", kind: kind.value() as "open" | "closed", title: title.value() });
    opened.close();
    open((made as { made: string }).made);
  };
  const opened = dialog("New room", form({ fields: [title], button: "Make the room", act, blame: () => title }, kind.root));
  title.input.focus();
}

/** Begin or go on with a direct. */
export function newDirect({ account, ask, open }: Doing): void {
  const why = make("p", { className: "why", attributes: { role: "alert" } });
  const others = everyone()
    .map(([key]) => key)
    .filter((key) => key !== account.key);
  const write = async (key: string) => {
    try {
      const made = (await ask({ do: "create", kind: "direct", who: [key] })) as { made: string };
      opened.close();
      open(made.made);
    } catch (error) {
      why.textContent = (error as Error).message;
    }
  };
  const none = "Nobody else has an account here yet. Invite someone first.";
  const rows = finder(others, none, (key) => make("li", {}, make("button", { type: "button", onclick: () => write(key) }, ...person(key))));
  const opened = dialog("Write to someone", ...rows, why);
  opened.querySelector("input")?.focus();
}

/** Look for open rooms, and join them. */
export async function openRooms({ account, ask, open }: Doing): Promise<void> {
  const content = make("div", { attributes: { "aria-live": "polite" } }, empty("Looking…"));
  const opened = dialog("Open rooms", content);
  const join = async ({ room }: Listed) => {
    try {
      await ask({ do: "join", room });
      opened.close();
      open(room);
    } catch (error) {
      content.prepend(make("p", { className: "why", attributes: { role: "alert" } }, (error as Error).message));
    }
  };
  const row = (each: Listed) => {
    const isMine = account.rooms.has(each.room);
    const count = `${each.members} ${each.members === 1 ? "member" : "members"}`;
    const about = make(
      "span",
      { className: "who" },
      make("bdi", {}, harmless(each.title)),
      make("small", {}, harmless(each.topic) || count),
    );
    const look = () => {
      opened.close();
      open(each.room);
    };
    const looks = make(
      "button",
      { type: "button", className: "quiet", onclick: look, attributes: { "aria-label": `Open ${each.title}` } },
      "Open",
    );
    const joins = make(
      "button",
      { type: "button", className: "primary", onclick: () => join(each), attributes: { "aria-label": `Join ${each.title}` } },
      "Join",
    );
    return make("li", {}, about, looks, isMine ? make("small", {}, "Joined") : joins);
  };
  try {
    const rooms = await list<Listed>("/directory", "rooms", "room");
    const items = rooms.sort((a, b) => a.title.localeCompare(b.title)).map(row);
    content.replaceChildren(
      items.length ? make("ul", { className: "people" }, ...items) : empty("There are no open rooms yet. Make the first one."),
    );
  } catch (error) {
    content.replaceChildren(make("p", { className: "why", attributes: { role: "alert" } }, (error as Error).message));
  }
}

/** Who is in a room, more people for it, and the way out. */
export async function aboutRoom(row: wire.MyRoom, doing: Doing): Promise<void> {
  const { account, ask, left } = doing;
  const content = make("div", {}, empty("Looking…"));
  const opened = dialog(harmless(account.titleOf(row)), content);
  const why = make("p", { className: "why", attributes: { role: "alert" } });
  const leave = async () => {
    try {
      await ask({ do: "leave", room: row.room });
      opened.close();
      left(row.room);
    } catch (error) {
      why.textContent = (error as Error).message;
    }
  };
  const leaves = make("button", { type: "button", onclick: leave }, row.kind === "direct" ? "Put away" : "Leave the room");
  const kind = {
    open: "Open: everyone with an account can join",
    closed: "Closed: only invited people",
    direct: "Only these people can read it",
  };
  try {
    const members = await list<Member>(`/rooms/${encodeURIComponent(row.room)}/members`, "members", "account");
    const items = members.map(({ account: key, role }) => make("li", {}, ...person(key, role === "host" ? "Host" : "")));
    content.replaceChildren(
      make("p", {}, kind[row.kind as keyof typeof kind] ?? ""),
      make("h3", {}, items.length === 1 ? "1 member" : `${items.length} members`),
      make("ul", { className: "people" }, ...items),
      ...(row.kind === "direct" || row.archived_at ? [] : [invitation(row, new Set(members.map((each) => each.account)), doing, opened)]),
      why,
      leaves,
    );
  } catch (error) {
    why.textContent = (error as Error).message;
    content.replaceChildren(why, leaves);
  }
}

function invitation(row: wire.MyRoom, members: Set<string>, { ask }: Doing, opened: HTMLDialogElement): HTMLElement {
  const others = everyone()
    .map(([key]) => key)
    .filter((key) => !members.has(key));
  const chosen = new Set<string>();
  const choose = (key: string) => {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => (box.checked ? chosen.add(key) : chosen.delete(key)));
    return make("li", {}, make("label", { className: "choice" }, box, ...person(key)));
  };
  const rows = finder(others, "Everyone with an account is already a member.", choose);
  const act = async () => {
    if (!chosen.size) throw new Error("Choose someone first");
    await ask({ do: "invite", room: row.room, who: [...chosen].slice(0, 50) });
    opened.close();
  };
  const invites = others.length ? [form({ fields: [], button: "Invite", act }, ...rows)] : rows;
  return make("section", {}, make("h3", {}, "Invite people"), ...invites);
}

/** Who I am, and the way out. */
export async function aboutMe({ account, logOut, unsent }: Doing): Promise<void> {
  const lost = unsent();
  const warning = lost ? `${lost === 1 ? "1 message was" : `${lost} messages were`} not sent yet and will be lost.` : "";
  const who = make("p", { className: "person" }, ...person(account.key, ROLES[account.role] ?? ""));
  const out = form({ fields: [], button: "Log out", act: logOut }, ...(warning ? [make("p", {}, warning)] : []));
  dialog("Your account", who, out).querySelector<HTMLElement>(".primary")?.focus();
}

/** Make a link by which people make accounts on this server. `roles` are those that it may give. */
export function inviteToServer(roles: string[]): void {
  const role = selection(
    "Role",
    roles.map((value) => ({ value, label: ROLES[value] ?? value })),
    "member",
  );
  const uses = field("For how many people", { type: "number", min: "1", max: "1000", value: "1", inputmode: "numeric", required: "" });
  const days = field("Days until it expires", { type: "number", min: "1", max: "365", value: "7", inputmode: "numeric", required: "" });
  const act = async () => {
    const wrong = [uses, days].find(({ input }) => !input.checkValidity());
    if (wrong) {
      wrong.complain(`Use ${wrong.input.getAttribute("min")} to ${wrong.input.getAttribute("max")}`);
      return;
    }
    const given = { role: role.value(), uses: Number(uses.value()), days: Number(days.value()) };
    const { token } = await call<{ token: string }>("POST", "/invites", given);
    element.replaceWith(shownOnce(`${location.origin}/i#${token}`));
    opened.querySelector<HTMLElement>(".link button")?.focus();
  };
  const element = form({ fields: [role, uses, days], button: "Make the link", act });
  const opened = dialog("Invite people to this server", element);
  role.input.focus();
}

function shownOnce(link: string): HTMLElement {
  const shown = field(
    "Invite link",
    { readonly: "", value: link },
    "It is shown only once. Send it to the people you want to invite: anyone who has it can use it.",
  );
  const said = make("p", { attributes: { role: "status" } });
  const copy = async () => {
    if (shown.input instanceof HTMLInputElement) shown.input.select();
    const copied = await copyText(link);
    said.textContent = copied ? "Copied" : "Press Ctrl-C to copy it";
  };
  shown.root.querySelector("input")?.addEventListener("focus", (event) => (event.target as HTMLInputElement).select());
  return make(
    "div",
    { className: "link" },
    shown.root,
    make("button", { type: "button", className: "primary", onclick: copy }, "Copy"),
    said,
  );
}

/** Put a text on the clipboard. Returns whether the browser let us: over plain http it doesn't. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
