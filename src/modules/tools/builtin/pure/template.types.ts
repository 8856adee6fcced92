/** What a template thread is started with. */
export interface TemplateTask {
  readonly template: string;
  /** JSON. */
  readonly data: string;
}

export type TemplateMessage = { readonly text: string } | { readonly fault: string };
