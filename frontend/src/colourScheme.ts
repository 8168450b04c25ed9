/** Light or dark as the reader's system is, also when that changes. Element Plus looks for a class, not for the system. */

export function followColourScheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}
