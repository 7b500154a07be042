// What a room is, as a sign: its picture, or an icon.

import { Avatar } from "./Avatar.tsx";
import { Icon, type IconName } from "./Icon.tsx";

interface RoomSignProps {
  room: string;
  icon: IconName;
  /** The address of its picture. */
  picture: string | undefined;
}

export const RoomSign = ({ room, icon, picture }: RoomSignProps) =>
  picture ? <Avatar who={room} picture={picture} /> : <Icon name={icon} />;
