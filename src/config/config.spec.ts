import { isAbsolute, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, configTable, loadConfig, loadConfigWithWarnings } from './index.js';

function faultsOf(env: Record<string, string>): Record<string, string> {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.faults.map((fault) => [fault.variable, fault.reason]));
    throw error;
  }
  return {};
}

describe('the environment', () => {
  it('needs nothing: every variable has a default or is optional', () => {
    const config = loadConfig({});
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 7400, bodyLimitBytes: 16 * 1024 * 1024, trustProxy: false });
    expect(config.engine.leaseMs).toBe(10_000);
    expect(config.database.url).toBeUndefined();
    expect(isAbsolute(config.dataDir)).toBe(true);
  });

  it('is refused with every fault at once, each naming its variable', () => {
    const faults = faultsOf({
      HEDDLE_PORT: 'seventy',
      HEDDLE_ROLE: 'boss',
      HEDDLE_LEASE_MS: '1',
      DATABASE_URL: 'mysql://db',
      HEDDLE_QUICKSTART: 'maybe',
      HEDDLE_EXPRESSION_ENV: 'OK,not ok',
    });
    expect(faults).toEqual({
      HEDDLE_PORT: 'must be an integer from 0 to 65535',
      HEDDLE_ROLE: 'must be one of all, api, worker',
      HEDDLE_LEASE_MS: 'must be an integer from 500 to 600000',
      DATABASE_URL: 'must be a URL that starts with postgres://',
      HEDDLE_QUICKSTART: 'must be 1 or 0',
      HEDDLE_EXPRESSION_ENV: 'must list names of environment variables',
    });
  });

  it('never repeats a value in a fault', () => {
    expect(() => loadConfig({ HEDDLE_SECRET_KEY: 'hunter2', DATABASE_URL: 'hunter2', HEDDLE_PORT: 'hunter2' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }),
    );
  });

  it('takes PORT when HEDDLE_PORT is unset', () => {
    expect(loadConfig({ PORT: '8080' }).http.port).toBe(8080);
    expect(loadConfig({ PORT: '8080', HEDDLE_PORT: '9090' }).http.port).toBe(9090);
  });

  it('names a model for definitions that name none', () => {
    expect(loadConfig({}).defaultModel).toEqual({ provider: 'scripted', model: 'offline', baseUrl: undefined });
    expect(loadConfig({ HEDDLE_DEFAULT_MODEL: 'openai/ft:gpt-5/mine' }).defaultModel).toMatchObject({
      provider: 'openai',
      model: 'ft:gpt-5/mine',
    });
    expect(faultsOf({ HEDDLE_DEFAULT_MODEL: 'openai_compatible/llama' })).toEqual({
      HEDDLE_DEFAULT_MODEL_URL: 'is needed for a default model that is openai_compatible',
    });
    for (const value of ['gpt-5', 'openai/', 'mistral/large', '/x']) {
      expect(faultsOf({ HEDDLE_DEFAULT_MODEL: value })['HEDDLE_DEFAULT_MODEL']).toMatch(/^must be provider\/model, with one of openai, /);
    }
  });

  it('gives dialects ports of their own, each known dialect one and each port once', () => {
    const ports = (HEDDLE_COMPAT_PORTS: string, more = {}): unknown => loadConfig({ HEDDLE_COMPAT_PORTS, ...more }).http.dialectPorts;
    expect(ports('')).toEqual({});
    expect(ports(' flwd=8080, awf = 2511,')).toEqual({ flwd: 8080, awf: 2511 });
    expect(ports('flwd=0,awf=0')).toEqual({ flwd: 0, awf: 0 });
    const fault = (value: string, more = {}): unknown => faultsOf({ HEDDLE_COMPAT_PORTS: value, ...more })['HEDDLE_COMPAT_PORTS'];
    expect(fault('flwd')).toBe('must list name=port');
    expect(fault('flwd=80800')).toBe('must list name=port');
    expect(fault('cobol=1,flwd=1,flwd=2,awf=1')).toBe(
      'must name no others than astromesh, awf, flowengine, flwd, meshflow; must give each a port once; must give each a port of its own',
    );
    expect(fault('flwd=7400')).toBe('must not name the port of HEDDLE_PORT');
    expect(fault('flwd=9000', { HEDDLE_PORT: '9000' })).toBe('must not name the port of HEDDLE_PORT');
  });

  it('counts an empty variable as unset', () => {
    expect(loadConfig({ HEDDLE_PORT: '', DATABASE_URL: ' ' })).toEqual(loadConfig({}));
  });

  it('says where artifacts are kept, and takes no typo for a directory', () => {
    const storage = (value: string, more = {}): unknown => loadConfig({ HEDDLE_ARTIFACTS: value, ...more }).artifacts.storage;
    const keys = { HEDDLE_S3_ACCESS_KEY_ID: 'id', HEDDLE_S3_SECRET_ACCESS_KEY: 'secret' };
    expect(storage('')).toEqual({ kind: 'postgres' });
    expect(storage('/var/files')).toEqual({ kind: 'directory', path: '/var/files' });
    expect(storage('s3://my-bucket', keys)).toMatchObject({ kind: 's3', bucket: 'my-bucket', prefix: '', region: 'us-east-1' });
    expect(storage('s3://my-bucket/a/b/', keys)).toMatchObject({ prefix: 'a/b/', accessKeyId: 'id', secretAccessKey: 'secret' });
    for (const bad of ['postgress', 'files', 's3://X', 's3://bucket/?x'])
      expect(faultsOf({ HEDDLE_ARTIFACTS: bad })).toHaveProperty('HEDDLE_ARTIFACTS');
    expect(Object.keys(faultsOf({ HEDDLE_ARTIFACTS: 's3://my-bucket' }))).toEqual(Object.keys(keys));
  });

  it('refuses to share the embedded database between processes', () => {
    expect(faultsOf({ HEDDLE_ROLE: 'worker' })).toHaveProperty('HEDDLE_ROLE');
    expect(faultsOf({ HEDDLE_ROLE: 'worker', DATABASE_URL: 'postgres://db/heddle' })).toEqual({});
  });

  it('listens where it works unless a direct URL is given', () => {
    expect(loadConfig({ DATABASE_URL: 'postgres://a/x' }).database.directUrl).toBe('postgres://a/x');
    expect(loadConfig({ DATABASE_URL: 'postgres://a/x', DATABASE_DIRECT_URL: 'postgres://b/x' }).database.directUrl).toBe('postgres://b/x');
    expect(faultsOf({ DATABASE_DIRECT_URL: 'postgres://b/x' })).toHaveProperty('DATABASE_DIRECT_URL');
  });

  it('splits lists and reads the proxies it trusts', () => {
    expect(loadConfig({ HEDDLE_EGRESS_ALLOW: ' localhost:7400, 10.0.0.0/8 ,,' }).egressAllow).toEqual(['localhost:7400', '10.0.0.0/8']);
    expect(loadConfig({ HEDDLE_TRUST_PROXY: '2' }).http.trustProxy).toBe(2);
    expect(loadConfig({ HEDDLE_TRUST_PROXY: 'true' }).http.trustProxy).toBe(true);
    expect(loadConfig({ HEDDLE_TRUST_PROXY: '10.0.0.0/8' }).http.trustProxy).toBe('10.0.0.0/8');
  });

  it('reads directories with and without names', () => {
    const { workflowDirectories } = loadConfig({ HEDDLE_WORKFLOWS_DIR: '/srv/flows/, jobs=/srv/a=b ,./odd=name/x' });
    expect(workflowDirectories).toEqual([
      { name: 'flows', path: '/srv/flows' },
      { name: 'jobs', path: '/srv/a=b' },
      { name: 'x', path: resolve('odd=name/x') },
    ]);
    expect(faultsOf({ HEDDLE_WORKFLOWS_DIR: '/a/jobs,/b/jobs' })).toEqual({
      HEDDLE_WORKFLOWS_DIR: 'names two directories "jobs"; write name=path',
    });
    expect(loadConfig({ HEDDLE_WORKFLOWS_DIR: '/a/examples', HEDDLE_QUICKSTART: '1' }).workflowDirectories).toEqual([
      { name: 'examples', path: '/a/examples' },
      { name: 'example-jobs', path: resolve('examples/jobs') },
      { name: 'example-awf', path: resolve('examples/awf') },
      { name: 'example-meshflow', path: resolve('examples/meshflow') },
    ]);
  });

  it('shows expressions the listed variables only, and secrets by their short name', () => {
    const config = loadConfig({
      HEDDLE_EXPRESSION_ENV: 'REGION,MISSING',
      REGION: 'eu',
      HOME: '/root',
      HEDDLE_SECRET_API: 'x',
      HEDDLE_SECRET_KEY: 'k'.repeat(32),
    });
    expect(config.expressionEnvValues).toEqual({ REGION: 'eu' });
    expect(config.secrets).toEqual({ API: 'x' });
  });

  it('lets the quick start, and nothing else, reach the server itself', () => {
    const quickstart = loadConfig({ HEDDLE_QUICKSTART: '1', HEDDLE_PORT: '8080', HEDDLE_HOST: '0.0.0.0', HEDDLE_EGRESS_ALLOW: 'db' });
    expect(quickstart.egressAllow).toEqual(['db', '127.0.0.1:8080']);
    expect(quickstart.expressionEnvValues).toEqual({ HEDDLE_URL: 'http://127.0.0.1:8080' });
    expect(loadConfig({})).toMatchObject({ egressAllow: [], expressionEnvValues: {} });
    expect(faultsOf({ HEDDLE_QUICKSTART: '1', HEDDLE_PORT: '0' })).toHaveProperty('HEDDLE_PORT');
  });

  it('warns of HEDDLE_ variables that nobody reads', () => {
    expect(loadConfigWithWarnings({ HEDDLE_PROT: '1', HEDDLE_SECRET_X: 'y', OTHER: 'z' }).warnings).toEqual([
      'HEDDLE_PROT is set, but nothing reads it',
    ]);
  });

  it('describes every variable in the table', () => {
    expect(configTable()).toContain('| `HEDDLE_PORT` | integer | `7400` |');
    expect(configTable()).toMatch(/`DATABASE_URL`.*\*Secret\.\*/);
  });
});
