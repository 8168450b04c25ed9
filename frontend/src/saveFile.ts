/** Hands a file to the browser as a download. */

const KEPT_MS = 60_000;

/** `name`: left out, the one that the server gave the file. */
export function saveFile(file: File, name = file.name): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
