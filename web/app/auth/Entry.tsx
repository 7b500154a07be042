// The ways in: claiming a server, accepting an invite, signing up, signing in elsewhere, choosing another password, logging in.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { call } from "../store/http.ts";
import { type Screen, showEntry, showGone } from "../store/screen.ts";
import { Refused } from "../store/sdk.ts";
import { asGuest, askName, askOpen, entered, isClaimed, type Open } from "../store/session.ts";
import { Form, type Values } from "../ui/Form.tsx";
import { Logo } from "../ui/Logo.tsx";
import { Why } from "../ui/Text.tsx";
import { blamed, fieldsOf, makesAccount, WORDS } from "./words.ts";

type Shown = Screen & { kind: "entry" };

interface CardProps {
  title: string;
  lead: string;
  isWrong: boolean;
  children: ComponentChildren;
}

function Card({ title, lead, isWrong, children }: CardProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => ref.current?.querySelector<HTMLElement>("input, button")?.focus(), [title]);
  return (
    <main id="entry" class="first">
      <div class="card" ref={ref}>
        <Logo />
        <h1>{title}</h1>
        <p class="lead" role={isWrong ? "alert" : undefined}>
          {lead}
        </p>
        {children}
      </div>
    </main>
  );
}

/** Say that a link can't be used, and what to do. */
export const Gone = ({ why }: { why: string }) => (
  <Card title={t.linkGone} lead={`${why} ${t.whatNow}`} isWrong>
    <button type="button" class="primary" onClick={() => showEntry("login")}>
      {t.logIn}
    </button>
    <Other text={t.asGuest} onClick={asGuest} />
  </Card>
);

/** Say that nobody owns the server yet, and where whoever runs it finds the link to claim it. */
export const Unclaimed = () => (isClaimed.value ? null : <p class="unclaimed">{t.unclaimed}</p>);

export function Entry({ screen: { way, token, why } }: { screen: Shown }) {
  const { title, lead, button, path } = WORDS[way];
  const act = async ({ name, ...given }: Values) => {
    const body = { ...given, ...(token && { token }), ...(makesAccount(way) && { name }) };
    try {
      entered((await call<{ account: string }>("POST", path, body)).account);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "gone") throw error;
      showGone(t.linkUsed);
    }
  };
  const blame = (error: Error) => (error instanceof Refused && !error.temporary ? blamed(way, error.message) : undefined);
  return (
    <Card key={way} title={title} lead={why || lead} isWrong={why !== ""}>
      {(way === "login" || way === "signup") && <Unclaimed />}
      <Form fields={fieldsOf(way)} button={button} act={act} blame={blame} />
      {way !== "reset" && <Others way={way} token={token} />}
    </Card>
  );
}

const Other = ({ text, onClick }: { text: string; onClick(): void }) => (
  <button type="button" class="quiet" onClick={onClick}>
    {text}
  </button>
);

/** The other ways in that are open. */
function Others({ way, token }: { way: Shown["way"]; token: string }) {
  const [open, setOpen] = useState<Open>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    askOpen().then(setOpen);
  }, []);
  /** Go to the provider, which sends the browser back. With a token, an account is made by it there. */
  const signIn = () =>
    call<{ url: string }>("POST", "/oidc/start", { token })
      .then(({ url }) => location.assign(url))
      .catch((error: Error) => setWhy(error.message));
  if (!open) return <div class="others" />;
  return (
    <div class="others">
      <Why text={why} />
      {open.provider && (
        <button type="button" class="elsewhere" onClick={signIn}>
          {t.signInWith(open.provider)}
        </button>
      )}
      {way === "login" && open.sign_up && <Other text={t.signUpTitle} onClick={() => showEntry("signup")} />}
      {way === "signup" && <Other text={t.logInInstead} onClick={() => showEntry("login")} />}
      {way === "login" &&
        (open.guests ? <Other text={t.asGuest} onClick={asGuest} /> : <Other text={t.useToken} onClick={() => askName("", "", true)} />)}
    </div>
  );
}
