import { Template } from '@huggingface/jinja';

/** What is wrong with the syntax of a Jinja template, or null. Nothing of it is carried out. */
export function templateFault(template: string): string | null {
  try {
    void new Template(template);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
