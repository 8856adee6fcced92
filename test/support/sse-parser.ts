interface RawMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** A parser of `text/event-stream`, as the standard describes it. Texts may be split anywhere between lines. */
export function createParser(onMessage: (message: RawMessage) => void, onComment: () => void): { push(text: string): void } {
  let rest = '';
  let id: string | undefined;
  let event: string | undefined;
  let data: string[] = [];

  function take(line: string): void {
    if (line === '') {
      if (data.length > 0) onMessage({ id, event, data: data.join('\n') });
      event = undefined;
      data = [];
      return;
    }
    if (line.startsWith(':')) {
      onComment();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }

  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line.replace(/\r$/, ''));
    },
  };
}
