// The first screen: it asks a guest for a name, or for a token.

import type { TargetedEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import type { Screen } from "../store/screen.ts";
import { enterAs, logIn } from "../store/session.ts";
import { Logo } from "../ui/Logo.tsx";
import { Why } from "../ui/Text.tsx";
import { Unclaimed } from "./Entry.tsx";

type Shown = Screen & { kind: "welcome" };

export function Welcome({ screen }: { screen: Shown }) {
  const name = useRef<HTMLInputElement>(null);
  const token = useRef<HTMLInputElement>(null);
  const details = useRef<HTMLDetailsElement>(null);
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    setWhy(screen.why);
    if (!name.current || !token.current || !details.current) return;
    name.current.value = screen.name;
    token.current.value = "";
    details.current.open = screen.needsToken;
    (screen.needsToken ? token : name).current?.select();
  }, [screen]);
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = { name: name.current?.value.trim().normalize("NFC") ?? "", token: "" };
    if (details.current?.open) given.token = token.current?.value.trim() ?? "";
    if (given.name || given.token) enterAs(given);
    else setWhy(t.enterNameOrToken);
  };
  return (
    <main id="welcome" class="first">
      <form class="card" autocomplete="off" onSubmit={submit}>
        <Logo />
        <h1>{t.welcome}</h1>
        <Unclaimed />
        <Why text={why} />
        <label for="welcome-name">{t.yourName}</label>
        <input id="welcome-name" ref={name} maxLength={32} placeholder={t.whatOthersCallYou} />
        <details ref={details}>
          <summary>{t.useTokenInstead}</summary>
          <label for="welcome-token">{t.token}</label>
          <input id="welcome-token" ref={token} type="password" autocomplete="off" spellcheck={false} autocapitalize="off" />
          <p class="hint">{t.aboutToken}</p>
        </details>
        <button class="primary" type="submit">
          {t.startTalking}
        </button>
        <button class="quiet" type="button" onClick={() => logIn()}>
          {t.logInWithAccount}
        </button>
      </form>
    </main>
  );
}
