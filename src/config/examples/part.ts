/** A section of an example. */
export interface Part {
  /** What it is for, in a few words. */
  title: string;
  /** The section, with comments that say why. Secrets are references. */
  yaml: string;
}
