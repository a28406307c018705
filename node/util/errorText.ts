export function textOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For the node's own records and log: the text, and where it is in Fabric's words alone, the reason as this node knows it. */
export function recordedText(error: unknown): string {
  const text = textOfError(error);
  let origin = error;
  while (origin instanceof Error && origin.cause !== undefined) {
    origin = origin.cause;
  }
  const reason = textOfError(origin);
  return text.includes(reason) ? text : `${text} (${reason})`;
}
