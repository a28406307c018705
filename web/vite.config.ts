import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The dashboard's build: `dist/web`, everything local, nothing inline, so that the server can send a strict content security
 * policy. In development (`npx vite --config web/vite.config.ts`) /api goes to a running server: FTL_API names another one.
 */
export default defineConfig({
  root: here('.'),
  plugins: [react()],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // No asset becomes a data: URL and no script is injected into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1600,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: process.env['FTL_API'] ?? 'http://127.0.0.1:3850', changeOrigin: false } },
  },
});
