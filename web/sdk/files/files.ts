// Files, in both directions. Loaded when the first one is sent or asked for.

export { setAvatar } from "./avatar.ts";
export { type DownloadOptions, download } from "./download.ts";
export { type Upload, type UploadedFile, type UploadOptions, upload } from "./upload.ts";
