import type { z } from 'zod';
import type {
  Alert as AlertSchema,
  AlertList as AlertListSchema,
  LogSpecChange as LogSpecChangeSchema,
  LogSpecState as LogSpecStateSchema,
  MonitoringState as MonitoringStateSchema,
  NodeHealth as NodeHealthSchema,
  NodeMetrics as NodeMetricsSchema,
} from '../../../server/api/monitoringSchemas.ts';
import type {
  ChannelList as ChannelListSchema,
  FindingCatalogue as FindingCatalogueSchema,
  LeaderList as LeaderListSchema,
  NodeList as NodeListSchema,
  Problem as ProblemSchema,
  RecordList as RecordListSchema,
  Statistics as StatisticsSchema,
  StatisticsQuery as StatisticsQuerySchema,
  Trace as TraceSchema,
  TraceList as TraceListSchema,
  TraceListQuery as TraceListQuerySchema,
  TraceSummary as TraceSummarySchema,
} from '../../../server/api/schemas.ts';

// The one place where the dashboard looks at another room, and at its types alone: nothing of the server is bundled.
export type Trace = z.infer<typeof TraceSchema>;
export type Edge = Trace['edges'][number];
export type Identity = Trace['participants'][number];
export type Commit = Trace['commits'][number];
export type Finding = Trace['findings'][number];
export type TraceSummary = z.infer<typeof TraceSummarySchema>;
export type TraceList = z.infer<typeof TraceListSchema>;
export type TraceListQuery = z.infer<typeof TraceListQuerySchema>;
export type RecordList = z.infer<typeof RecordListSchema>;
export type StoredRecord = RecordList['items'][number];
export type ChannelList = z.infer<typeof ChannelListSchema>;
export type FindingCatalogue = z.infer<typeof FindingCatalogueSchema>;
export type Problem = z.infer<typeof ProblemSchema>;
export type NodeList = z.infer<typeof NodeListSchema>;
export type NetworkNode = NodeList['items'][number];
export type LeaderList = z.infer<typeof LeaderListSchema>;
export type LeaderTerm = LeaderList['items'][number];
export type StatisticsQuery = z.infer<typeof StatisticsQuerySchema>;
export type Statistics = z.infer<typeof StatisticsSchema>;
export type MonitoringState = z.infer<typeof MonitoringStateSchema>;
export type NodeHealth = z.infer<typeof NodeHealthSchema>;
export type NodeMetrics = z.infer<typeof NodeMetricsSchema>;
export type MetricPanel = NodeMetrics['panels'][number];
export type LogSpecState = z.infer<typeof LogSpecStateSchema>;
export type LogSpecChange = z.infer<typeof LogSpecChangeSchema>;
export type Alert = z.infer<typeof AlertSchema>;
export type AlertList = z.infer<typeof AlertListSchema>;
