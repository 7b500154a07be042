// The server's settings, and where each comes from.

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
      <table>
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
                <code>{name}</code>
              </th>
              <td>{value ? <code>{harmless(value)}</code> : <small>{a.notSet}</small>}</td>
              <td>{origin ? <code>{harmless(origin)}</code> : <small>{a.isDefault}</small>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
