import { expect, it } from 'vitest';
import { openReply, sealReply } from './reply-seal.js';

it('opens for the key and the resource it was sealed with, and for nothing else', () => {
  const sealed = sealReply('{"key":"hdl_secret"}', 'hdl_caller', 'resource');
  expect(sealed).not.toContain('secret');
  expect(openReply(sealed, 'hdl_caller', 'resource')).toBe('{"key":"hdl_secret"}');
  expect(openReply(sealed, 'hdl_other', 'resource')).toBeNull();
  expect(openReply(sealed, 'hdl_caller', 'another')).toBeNull();
  const tampered = Buffer.from(sealed, 'base64');
  tampered[tampered.length - 1] = (tampered.at(-1) ?? 0) ^ 1;
  expect(openReply(tampered.toString('base64'), 'hdl_caller', 'resource')).toBeNull();
});
