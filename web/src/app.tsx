import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { ConfigProvider, Skeleton, theme } from 'antd';
import { lazy, Suspense } from 'react';
import { BrowserRouter, Link, Route, Routes } from 'react-router';
import type { ApiError } from './api/client.ts';
import { SearchPage } from './pages/searchPage.tsx';
import { Crash } from './parts/crash.tsx';
import { Notice } from './parts/states.tsx';
import { TopBar } from './parts/topBar.tsx';
import { PALETTES, useDark } from './theme.ts';

// The graph library is two thirds of the code: only who opens a graph loads it.
const TracePage = lazy(async () => ({ default: (await import('./pages/tracePage.tsx')).TracePage }));

const NetworkPage = lazy(async () => ({ default: (await import('./pages/networkPage.tsx')).NetworkPage }));
const NodesPage = lazy(async () => ({ default: (await import('./pages/nodesPage.tsx')).NodesPage }));
const NodePage = lazy(async () => ({ default: (await import('./pages/nodePage.tsx')).NodePage }));
const AlertsPage = lazy(async () => ({ default: (await import('./pages/alertsPage.tsx')).AlertsPage }));
const RunbookPage = lazy(async () => ({ default: (await import('./pages/runbookPage.tsx')).RunbookPage }));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // What the server has understood and refused will be refused again.
      retry: (count, error) => count < 2 && ((error as ApiError).status === 0 || (error as ApiError).status >= 500),
      retryDelay: 600,
    },
  },
});

export function App() {
  const dark = useDark();
  const palette = PALETTES[dark ? 'dark' : 'light'];
  return (
    <ConfigProvider
      theme={{
        algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: {
          // Darker than links on dark ground: white words stand on it.
          colorPrimary: dark ? '#3d72dc' : palette.accent,
          colorBgContainer: palette.panel,
          colorText: palette.text,
          colorTextDescription: palette.muted,
          borderRadius: 6,
          fontFamily: 'var(--font)',
          motion: false,
        },
        components: {
          Tabs: { itemSelectedColor: palette.accent, inkBarColor: palette.accent },
          Slider: {
            railBg: palette.grid,
            railHoverBg: palette.line,
            trackBg: palette.accent,
            trackHoverBg: palette.accent,
            handleColor: palette.accent,
            handleActiveColor: palette.accent,
          },
        },
      }}
    >
      <QueryClientProvider client={queries}>
        <BrowserRouter>
          <a className="skip" href="#content">
            Skip to content
          </a>
          <TopBar />
          <main id="content">
            <Crash>
              <Suspense fallback={<Skeleton active className="panel pad" paragraph={{ rows: 8 }} />}>
                <Routes>
                  <Route path="/" element={<SearchPage />} />
                  <Route path="/trace/:txId" element={<TracePage />} />
                  <Route path="/trace/:channel/:txId" element={<TracePage />} />
                  <Route path="/network" element={<NetworkPage />} />
                  <Route path="/nodes" element={<NodesPage />} />
                  <Route path="/nodes/:msp/:name" element={<NodePage />} />
                  <Route path="/alerts" element={<AlertsPage />} />
                  <Route path="/runbooks/:name" element={<RunbookPage />} />
                  <Route
                    path="*"
                    element={
                      <Notice symbol="∅" title="There is no such page">
                        <Link to="/">Search for a transaction</Link>
                      </Notice>
                    }
                  />
                </Routes>
              </Suspense>
            </Crash>
          </main>
        </BrowserRouter>
      </QueryClientProvider>
    </ConfigProvider>
  );
}
