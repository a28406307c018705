import { z } from 'zod';

/** Parameters or query of an operation that takes none. */
export const NoInput = z.strictObject({});
