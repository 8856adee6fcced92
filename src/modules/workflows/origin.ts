/** How definitions are written. */
export const DEFINITION_FORMATS = ['native', 'awf', 'flwd', 'meshflow'] as const;
export type DefinitionFormatName = (typeof DEFINITION_FORMATS)[number];

/** What a file says of the version it became, beside the definition. */
export interface DefinitionOrigin {
  readonly format: DefinitionFormatName;
  /** Where it lies in its directory, with `/`: a file, or the directory of a job. */
  readonly path: string;
  /** The version that its author gives it, such as `1.4.0`. */
  readonly label: string | null;
  /** SHA-256 over the files that it needs, in hex; null when it needs none. */
  readonly digest: string | null;
}
