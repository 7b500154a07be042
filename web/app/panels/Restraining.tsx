// Banning somebody from a room, or muting them there, for some time or for ever.

import { t } from "../i18n/index.ts";
import { restrain } from "../store/managing.ts";
import { nameOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { openConfirmation } from "../ui/Confirm.tsx";
import type { FieldSpec } from "../ui/Form.tsx";
import { harmless } from "../ui/text.ts";

const FOR_EVER = "0";

/** The times that one may choose, in seconds. */
const TIMES = ["600", "3600", "86400", "604800", FOR_EVER];

const FOR_HOW_LONG: FieldSpec = {
  name: "seconds",
  label: t.forHowLong,
  options: TIMES.map((value) => ({ value, label: value === FOR_EVER ? t.forEver : t.lasting(Number(value)) })),
  value: "3600",
};

export function openRestraining(how: "bans" | "mutes", room: string, who: string, done: () => void = () => {}): void {
  const name = harmless(nameOf(who));
  const isBan = how === "bans";
  openConfirmation({
    title: isBan ? t.banNamed(name) : t.muteNamed(name),
    text: isBan ? t.banMeans(name) : t.muteMeans(name),
    button: isBan ? t.ban : t.mute,
    fields: [FOR_HOW_LONG],
    act: async ({ seconds }) => {
      await restrain(how, room, who, Number(seconds) || undefined);
      say(isBan ? t.isBanned(name) : t.isMuted(name));
      done();
    },
  });
}
