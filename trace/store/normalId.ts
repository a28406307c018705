/** An ID without what UTF-8 cannot hold, so that it is found under the same bytes as it was stored. */
export function normalId(id: string): string {
  return id.isWellFormed() ? id : id.toWellFormed();
}
