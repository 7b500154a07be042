// The JavaScript SDK of hubbub: everything that programs import.

export type * from "./answers.ts";
export { Client, connect, type Options } from "./connect.ts";
export type { State, Status, Token, Transport, Welcome } from "./connection.ts";
export { Closed, Refused, type Reset, ResetError, Unknown } from "./errors.ts";
export { type Acknowledgement, newId } from "./exchange.ts";
export type { DownloadOptions, Upload, UploadedFile, UploadOptions } from "./files/files.ts";
export { apply, peopleOf, type RoomView, reactedWith, whoOf } from "./fold.ts";
export type { DraftUpdated, MyChange, MyRoom, MyThread, ShownPerson, Single } from "./me/changes.ts";
export type { Me } from "./me/me.ts";
export type { Entry, Outbox, OutboxStorage, Posting, PostState } from "./posting.ts";
export type { From, Position, ResumedMarker } from "./reading.ts";
export type { Paging, PostOptions, Room } from "./room.ts";
export type { Kind } from "./transports/link.ts";
export type * as wire from "./wire.ts";
