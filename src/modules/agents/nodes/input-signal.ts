/** Name of the signal that answers a prompt of a conversation. */
export function inputSignal(promptId: string): string {
  return `input:${promptId}`;
}
