export async function main(argv: readonly string[]): Promise<number> {
  console.log(process.version, argv);
  return 0;
}
