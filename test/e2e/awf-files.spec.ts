import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd } from '../support/runs.js';

interface Source {
  source: string;
  errors: { path: string; format: string; errors: { path: string; code: string }[] }[];
}

let directory: string;
let app: TestApp;

const put = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text);
const GREET = `
name: greet
version: 1.2.0
inputs:
  - { name: who, type: string, required: true }
  - { name: letter, type: string, validation: { file_exists: true, file_extension: [.txt] } }
states:
  initial: hello
  hello: { type: step, script_file: "{{.awf.scripts_dir}}/hello.sh", capture: { stdout: text }, on_success: bye, on_failure: done }
  bye: { use_template: farewell, parameters: { whom: "{{inputs.who}}" }, on_success: done, on_failure: done }
  done: { type: terminal }
`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-awf-'));
  for (const folder of ['workflows/team', 'templates', 'scripts']) await mkdir(join(directory, folder), { recursive: true });
  await put('scripts/hello.sh', '#!/bin/bash\nwords=(hello "{{.inputs.who}}")\necho "${words[*]}"\n');
  await put(
    'templates/farewell.yaml',
    'name: farewell\nparameters:\n  - { name: whom, required: true }\nstates:\n  farewell: { type: step, command: "echo bye {{.parameters.whom}}" }\n',
  );
  await put('workflows/greet.yaml', GREET);
  await put(
    'workflows/team/outer.yaml',
    'name: outer\nstates:\n  initial: call\n  call: { type: call_workflow, workflow: inner, on_success: done }\n  done: { type: terminal }\n',
  );
  await put(
    'workflows/team/inner.yaml',
    'name: inner\nstates:\n  initial: say\n  say: { type: step, command: echo in, on_success: done }\n  done: { type: terminal }\n',
  );
  await put(
    'workflows/broken.yaml',
    'name: broken\nstates:\n  initial: a\n  a: { type: step, command: "echo {{.inputs.", on_success: done }\n  b: { type: parallel, parallel: [zz], on_success: done }\n  done: { type: terminal }\n',
  );
  await put(
    'workflows/lost.yaml',
    'name: lost\nstates:\n  initial: a\n  a: { type: parallel, parallel: [zz], on_success: done }\n  done: { type: terminal }\n',
  );
  app = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: `awf=${directory}` } });
});
afterAll(async () => {
  await app?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a directory of AWF', () => {
  it('becomes workflows under the names of their files', async () => {
    const { body } = await app.api.get<{ data: { name: string }[] }>('/workflows', { query: { source: 'fs:awf' } });
    expect(body.data.map(({ name }) => name).toSorted()).toEqual(['default/greet', 'team/inner', 'team/outer']);
  });

  it('brings its scripts and step templates along', async () => {
    expect(await runToEnd(app.api, 'greet', { inputs: { who: 'Ada' } })).toMatchObject({
      status: 'success',
      outputs: { hello: 'hello Ada\n', bye: 'bye Ada\n' },
    });
  });

  it('calls the workflow that lies beside', async () => {
    expect(await runToEnd(app.api, 'team/outer', {})).toMatchObject({ status: 'success', outputs: { call: { say: 'in\n' } } });
  });

  it('tells faults where they are written, of each file alone', async () => {
    const { body } = await app.api.get<{ data: Source[] }>('/workflows/sources');
    const faults = body.data.flatMap(({ errors }) =>
      errors.flatMap((file) => file.errors.map(({ path, code }) => `${file.path} ${path} ${code}`)),
    );
    expect(faults).toEqual([
      expect.stringMatching(/^workflows\/broken\.yaml \/states\/a\/command /) as string,
      'workflows/lost.yaml /states/a/parallel/0 dangling_reference',
    ]);
  });

  it('warns of what is not kept', async () => {
    const { body } = await app.api.post<{ valid: boolean; warnings: { path: string; code: string }[] }>('/workflows/greet/validate', {});
    expect(body).toMatchObject({ valid: true, warnings: [{ path: '/states/hello/capture', code: 'not_kept' }] });
    expect(app.logs.some((line) => line.includes('/states/hello/capture') && line.includes('not_kept'))).toBe(true);
  });

  it('may ask about files of the server', async () => {
    const start = async (letter: string) =>
      (await app.api.post<{ errors?: { message: string }[] }>('/workflows/greet/runs', { inputs: { who: 'Ada', letter } })).body.errors?.[0]
        ?.message;
    expect(await start(join(directory, 'none.txt'))).toBe(`file does not exist: ${join(directory, 'none.txt')}`);
    await put('some.txt', 'Dear Ada');
    expect(await start(join(directory, 'some.txt'))).toBeUndefined();
    expect(await start(join(directory, 'scripts/hello.sh'))).toContain('not in allowed extensions');
  });

  it('makes a new version when a file that it names changes', async () => {
    const versionOf = async (): Promise<number> => (await app.api.get<{ version: number }>('/workflows/greet')).body.version;
    expect(await versionOf()).toBe(1);
    await put('scripts/hello.sh', 'echo "good day {{.inputs.who}}"\n');
    await eventually(versionOf, (version) => version === 2, 20_000);
    expect(await runToEnd(app.api, 'greet', { inputs: { who: 'Ada' } })).toMatchObject({ outputs: { hello: 'good day Ada\n' } });
  });
});
