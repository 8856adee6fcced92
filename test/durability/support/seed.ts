/** `HEDDLE_TEST_SEED`, or a new one. Tests print it, so that what they found can be found again. */
export function testSeed(): number {
  const given = Number(process.env['HEDDLE_TEST_SEED']);
  return Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 0x7fff_ffff) + 1;
}
