// The server's settings, and where each comes from.

import { Fragment } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { t } from "../i18n/index.ts";
import { type Setting, serverSettings } from "../store/administering.ts";
import { Empty, Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

export function Settings() {
  const [settings, setSettings] = useState<Setting[]>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    serverSettings().then(setSettings, (error: Error) => setWhy(error.message));
  }, []);
  if (!settings) return why ? <Why text={why} /> : <Empty text={t.looking} />;
  return (
    <>
      <p class="hint">{a.settingsMean}</p>
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">{a.setting}</th>
            <th scope="col">{a.value}</th>
            <th scope="col">{a.origin}</th>
          </tr>
        </thead>
        <tbody>
          {settings.map(({ name, value, origin }) => (
            <tr key={name}>
              <th scope="row">
                <Code text={name} />
              </th>
              <td>{value ? <Code text={value} /> : <small>{a.notSet}</small>}</td>
              <td>{origin ? <Code text={origin} /> : <small>{a.isDefault}</small>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A name, a path or a value, which breaks where it has parts. */
const Code = ({ text }: { text: string }) => (
  <code>
    {harmless(text)
      .split(/(?<=[_/,=-])/)
      .map((part, i) => (
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
  </code>
);
