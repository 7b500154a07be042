// `<hubbub-room>`: a room in a page of another site. This file has one address for ever, and needs no other script of the page.
// All that it shows is inside of its own shadow, with its own styles; it keeps nothing in the browser and sends no cookie.

import { h, render } from "preact";
import { loadMarkdown } from "../markdown/index.ts";
import { Embedded } from "../store/embedded.ts";
import avatar from "../styles/avatar.css?inline";
import grow from "../styles/grow.css?inline";
import reactions from "../styles/reactions.css?inline";
import tokens from "../styles/tokens.css?inline";
import files from "../timeline/files.css?inline";
import previews from "../timeline/previews.css?inline";
import styles from "./embed.css?inline";
import { Shown } from "./Shown.tsx";

const TAG = "hubbub-room";
const DARK = "@media (prefers-color-scheme: dark)";
const SCHEMES: Record<string, string> = { light: "@media not all", dark: "@media all" };
const WATCHED = ["server", "room", "name", "token", "heading", "theme"];

type Token = string | (() => string | Promise<string>);

/** The styles in a theme: as the visitor's system has it, unless the page wants another. */
function sheetFor(theme: string | null): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  const own = tokens.replaceAll(":root", ":host").replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g, SCHEMES[theme ?? ""] ?? DARK);
  sheet.replaceSync(
    `${own}${avatar}${grow}${reactions}${files}${previews}${styles}:host{color-scheme:${theme && theme in SCHEMES ? theme : "light dark"}}`,
  );
  return sheet;
}

class HubbubRoom extends HTMLElement {
  static readonly observedAttributes = WATCHED;
  #token: Token | undefined;
  #shown: Embedded | undefined;
  #isWaiting = false;

  /** A token, or what gives one; in place of the attribute, which everybody can read who looks into the page. */
  set token(token: Token | undefined) {
    this.#token = token;
    this.#renew();
  }

  get token(): Token | undefined {
    return this.#token;
  }

  connectedCallback(): void {
    this.#renew();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    this.#renew();
  }

  /** Begin anew, once for several changes. */
  #renew(): void {
    if (this.#isWaiting || !this.isConnected) return;
    this.#isWaiting = true;
    queueMicrotask(() => {
      this.#isWaiting = false;
      if (this.isConnected) this.#begin();
    });
  }

  #begin(): void {
    this.#end();
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheetFor(this.getAttribute("theme"))];
    const room = this.getAttribute("room") ?? "";
    const given = { token: this.#token ?? this.getAttribute("token") ?? undefined, name: this.getAttribute("name") ?? undefined };
    this.#shown = room
      ? new Embedded({ server: this.getAttribute("server") ?? new URL(import.meta.url).origin, room, ...given })
      : undefined;
    render(h(Shown, { of: this.#shown, heading: this.getAttribute("heading") ?? "" }), root);
  }

  #end(): void {
    this.#shown?.close();
    this.#shown = undefined;
    if (this.shadowRoot) render(null, this.shadowRoot);
  }
}

/** What `embed` takes. */
export interface Options {
  room: string;
  token?: Token;
  server?: string;
  name?: string;
  heading?: string;
  theme?: "light" | "dark";
}

/** Put a room into an element, or into the one that a selector finds. Returns the room's own element, which may be removed again. */
export function embed(into: Element | string, { token, ...attributes }: Options): HTMLElement {
  const place = typeof into === "string" ? document.querySelector(into) : into;
  if (!place) throw new Error(`No element for the room: ${into}`);
  const room = document.createElement(TAG) as HubbubRoom;
  for (const [name, value] of Object.entries(attributes)) room.setAttribute(name, value);
  room.token = token;
  place.append(room);
  return room;
}

if (!customElements.get(TAG)) customElements.define(TAG, HubbubRoom);
loadMarkdown();
