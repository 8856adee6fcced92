import { describe, expect, it } from 'vitest';
import type { Json } from '../../../engine/model/json.js';
import { decodeBody, encodeBody, withQuery } from './http-message.js';

describe('encodeBody', () => {
  it.each<[Json | undefined, string, string | null, string?]>([
    [undefined, 'auto', null],
    [null, 'auto', null],
    [null, 'json', 'null', 'application/json'],
    ['text', 'auto', 'text', 'text/plain; charset=utf-8'],
    ['text', 'json', '"text"', 'application/json'],
    [{ a: 1 }, 'auto', '{"a":1}', 'application/json'],
    [{ a: 1 }, 'text', '{"a":1}', 'text/plain; charset=utf-8'],
    [5, 'auto', '5', 'application/json'],
    [{ a: 'x y', b: [1, 2], c: null }, 'form', 'a=x+y&b=1&b=2', 'application/x-www-form-urlencoded'],
    ['a=1', 'form', 'a=1', 'application/x-www-form-urlencoded'],
  ])('%j as %s', (body, type, sent, contentType) => {
    expect(encodeBody(body, type)).toEqual(sent === null ? null : { body: sent, contentType });
  });

  it('decodes bytes from base64, of either alphabet', () => {
    expect(encodeBody('/+8\n=', 'bytes')?.body).toEqual(Buffer.from([0xff, 0xef]));
    expect(encodeBody('_-8', 'bytes')?.body).toEqual(Buffer.from([0xff, 0xef]));
  });

  it.each<[Json, string]>([
    [[1], 'form'],
    ['not base64!', 'bytes'],
    [{ a: 1 }, 'bytes'],
  ])('refuses %j as %s', (body, type) => {
    expect(() => encodeBody(body, type)).toThrow(expect.objectContaining({ code: 'invalid_config', retryable: false }));
  });
});

describe('withQuery', () => {
  it.each([
    ['http://x/', {}, 'http://x/'],
    ['http://x/', { a: 1, b: ['x y', true], c: null }, 'http://x/?a=1&b=x+y&b=true'],
    ['http://x/?z=0', { a: '&=' }, 'http://x/?z=0&a=%26%3D'],
    ['http://x/?', { a: 1 }, 'http://x/?a=1'],
    ['http://x/p#frag', { a: 1 }, 'http://x/p?a=1#frag'],
  ])('%s with %j', (url, query, expected) => {
    expect(withQuery(url, query)).toBe(expected);
  });
});

describe('decodeBody', () => {
  it.each<[string | Buffer, string, string, Json]>([
    ['{"a":1}', 'application/json', 'auto', { a: 1 }],
    ['{"a":1}', 'application/problem+json; charset=utf-8', 'auto', { a: 1 }],
    ['<html>', 'application/json', 'auto', '<html>'],
    ['', 'application/json', 'auto', null],
    ['{"a":1}', 'text/plain', 'auto', '{"a":1}'],
    ['{"a":1}', 'text/plain', 'json', { a: 1 }],
    ['', 'text/plain', 'json', null],
    ['<a/>', 'application/atom+xml', 'auto', '<a/>'],
    ['a: 1', 'application/yaml', 'auto', 'a: 1'],
    ['a: 1', 'application/x-yaml', 'auto', 'a: 1'],
    [Buffer.from([0xe9]), 'text/plain; charset=ISO-8859-1', 'auto', 'é'],
    [Buffer.from('é'), 'text/plain; charset="nonsense"', 'auto', 'é'],
    [Buffer.from([0x89, 0x50]), 'image/png', 'auto', 'iVA='],
    [Buffer.from([0x89, 0x50]), 'text/plain', 'base64', 'iVA='],
    ['plain', '', 'auto', 'plain'],
    [Buffer.from([0xff, 0xfe]), '', 'auto', '//4='],
    [Buffer.from([0x61, 0]), '', 'auto', 'YQA='],
    ['\ufeff{"a":1}', 'application/json', 'auto', { a: 1 }],
  ])('%j of type %s as %s', (bytes, contentType, as, expected) => {
    expect(decodeBody(Buffer.from(bytes), contentType, as)).toEqual(expected);
  });

  it('fails on asked-for JSON that is none', () => {
    expect(() => decodeBody(Buffer.from('<html>'), 'text/html', 'json')).toThrow(expect.objectContaining({ code: 'invalid_json' }));
  });
});
