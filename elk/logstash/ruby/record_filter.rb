# Ruby filter of pipeline/records.conf: makes of an event of Filebeat the document of a record, or says why its line is none.
#
#   [message]            the line, as the node wrote it; its line feed too where Filebeat took it out of Docker's JSON
#
#   [@metadata][id]      the record's ID, on a record; the event's fields are then those of the record and no others
#   [@metadata][line]    the line
#   [@metadata][why]     why it is none; the event's fields are as they came
#
# Logstash runs the tests at the end before it starts the pipeline.
require 'json'
require File.expand_path('ftl_record.rb', File.dirname(__FILE__))

def register(params)
  # Names that mean something else to Logstash.
  @reserved = /[\[\]]|\A(?:@metadata|@version|tags)\z/
  path = params['schema'] || File.expand_path('record.schema.ndjson', File.dirname(__FILE__))
  @schema = FtlRecord::Schema.new(JSON.parse(File.read(path, encoding: 'UTF-8')))
end

def filter(event)
  line = event.get('message')
  begin
    raise FtlRecord::NoRecord, 'an event without a line' unless line.is_a?(String)

    line = line.delete_suffix("\n")
    found = FtlRecord.read(line, @schema)
    reserved = found.record.each_key.find { |name| @reserved.match?(name) }
    raise FtlRecord::NoRecord, "#{reserved}: no name that Logstash can carry" unless reserved.nil?
  rescue FtlRecord::NoRecord => e
    event.set('[@metadata][why]', e.message)
    return [event]
  end
  event.to_hash.each_key { |name| event.remove(name) unless name == '@timestamp' }
  found.record.each { |name, value| event.set(name, value) unless name == '@timestamp' }
  event.set('@timestamp', LogStash::Timestamp.new(found.record['@timestamp']))
  event.set('[@metadata][id]', found.id)
  event.set('[@metadata][line]', line)
  [event]
end

line = '{"@timestamp":"2026-11-21T06:43:45.688020Z","service.node.name":"p","log":{"level":"info"},"ftl":{"version":1,"point":"node.start"}}'

test 'a record' do
  parameters { {} }
  in_event { { 'message' => line, 'host' => { 'name' => 'h' }, 'tags' => ['t'] } }

  expect('has the fields of the record and no others') do |events|
    events.first.to_hash.keys.reject { |name| name == '@version' }.sort == %w[@timestamp ftl log.level service.node.name]
  end
  expect("has the record's time") { |events| events.first.get('@timestamp').to_s == '2026-11-21T06:43:45.688020Z' }
  expect('has the ID that the collector gives') { |events| events.first.get('[@metadata][id]') == '4f3907cffa1c6ff1' }
  expect('keeps its line') { |events| events.first.get('[@metadata][line]') == line }
end

test 'a record with its line feed' do
  parameters { {} }
  in_event { { 'message' => "#{line}\n" } }

  expect('is the same record') { |events| events.first.get('[@metadata][id]') == '4f3907cffa1c6ff1' }
  expect('keeps its line without it') { |events| events.first.get('[@metadata][line]') == line }
end

test 'a line that is no record' do
  parameters { {} }
  in_event { { 'message' => line.sub('node.start', 'no.point'), 'host' => { 'name' => 'h' } } }

  expect('stays as it came') { |events| events.first.get('[host][name]') == 'h' && events.first.get('message').include?('no.point') }
  expect('says why') { |events| events.first.get('[@metadata][why]').start_with?('ftl.point: ') }
end
