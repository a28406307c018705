import type { StreamEnd } from './recordChain.ts';

/** What a seal's signature is over. @param node common name, as `service.node.name` has it */
export function sealedText(node: string, { stream, seq, chain }: StreamEnd): string {
  return `ftl-seal\n${node}\n${stream}\n${seq}\n${chain}\n`;
}
