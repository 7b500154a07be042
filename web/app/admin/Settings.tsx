// The server's settings, and where each comes from.

import { Fragment } from "preact";
import { a } from "../i18n/admin.ts";
import { serverSettings } from "../store/administering.ts";
import { useAsked } from "../ui/Asked.tsx";
import { harmless } from "../ui/text.ts";

export function Settings() {
  const { found: settings, state } = useAsked(serverSettings);
  if (!settings) return state;
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
