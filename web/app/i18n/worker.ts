// The texts of the service worker, which is built by itself and shares no file with the page.

export const w = {
  newMessage: "New message",
  newMention: "You were mentioned",
  inRoom: (by: string, room: string) => `${by} in ${room}`,
};
