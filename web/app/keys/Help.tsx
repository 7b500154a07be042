// All keys and commands, in a window.

import { aboutCommand, commandsIn, usageOf } from "../composer/commands.ts";
import { t } from "../i18n/index.ts";
import { current } from "../store/state.ts";
import { closeWindow } from "../store/windows.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { GROUPS, shown } from "./table.ts";

const TITLES: Record<keyof typeof GROUPS, string> = t.keyGroups;

export const Help = () => (
  <Dialog title={t.help} onClose={closeWindow} className="help">
    {Object.entries(GROUPS).map(([group, bindings]) => (
      <section key={group}>
        <h3>{TITLES[group as keyof typeof GROUPS]}</h3>
        <dl>
          {Object.entries(bindings).map(([name, { keys, about }]) => (
            <div key={name}>
              <dt>
                {keys.map((each: string) => (
                  <kbd key={each}>{shown(each)}</kbd>
                ))}
              </dt>
              <dd>{about}</dd>
            </div>
          ))}
        </dl>
      </section>
    ))}
    <section>
      <h3>{t.commandsTitle}</h3>
      <p class="hint">{t.aboutCommands}</p>
      <dl>
        {commandsIn(current.value).map((name) => (
          <div key={name}>
            <dt>
              <code>{usageOf(name)}</code>
            </dt>
            <dd>{aboutCommand(name)}</dd>
          </div>
        ))}
      </dl>
    </section>
  </Dialog>
);
