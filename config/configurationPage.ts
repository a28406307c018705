import { environmentName, flagName, OPTIONS, type OptionSpec } from './options.ts';

/** `docs/reference/configuration.md`, made from the table of options. */
export function configurationPage(): string {
  const rows = Object.entries(OPTIONS).map(([key, spec]) => {
    const { fallback, meaning, list, placeholder, secret } = spec as OptionSpec<unknown>;
    const named = placeholder ? `--${flagName(key)} ${placeholder}` : `--${flagName(key)}, --no-${flagName(key)}`;
    const flag = secret ? 'none: a secret' : `\`${named}\``;
    const value = Array.isArray(fallback) ? fallback.join(',') : String(fallback);
    const shown = value !== '' ? `\`${value}\`` : Array.isArray(fallback) ? 'none' : 'empty';
    return `| \`${key}\` | \`${environmentName(key)}\`${list ? ' (commas between)' : ''} | ${flag} | ${shown} | ${meaning} |`;
  });
  return `<!-- Made by \`npm run docs\` from config/options.ts; a test proves it current. -->
# Configuration

Default < YAML file < environment < flag. The file is \`--config FILE\`, else \`FTL_CONFIG\`, else \`ftl.yaml\` in the working folder. Unknown keys are refused.

| key in the file | environment | flag | default | meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

\`nodes.yaml\` (\`nodes\`) is described in [own-network.md](../own-network.md).
`;
}
