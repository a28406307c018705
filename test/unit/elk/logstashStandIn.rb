# Runs a script of Logstash's ruby filter without Logstash: stands in for the event, the time and the test language that Logstash gives
# a script. Prints the outcome of the script's own tests and, for each line of the files named after it, what becomes of an event with it.
#
#     ruby logstashStandIn.rb elk/logstash/ruby/record_filter.rb records.ndjson odd.ndjson
require 'json'

module LogStash
  # Written as Logstash writes it: 3, 6 or 9 digits of a second.
  class Timestamp
    def initialize(text)
      seconds, fraction = text.delete_suffix('Z').split('.')
      digits = (fraction || '').ljust(9, '0')
      digits = digits[0..-4] while digits.length > 3 && digits.end_with?('000')
      @text = "#{seconds}.#{digits}Z"
    end

    def to_s
      @text
    end

    def to_json(*rest)
      @text.to_json(*rest)
    end
  end

  class Event
    attr_reader :metadata

    def initialize(fields)
      @fields = { '@timestamp' => Timestamp.new('2000-01-01T00:00:00Z'), '@version' => '1' }.merge(fields)
      @metadata = {}
    end

    def get(reference)
      first, *rest = path(reference)
      first == '@metadata' ? @metadata.dig(*rest) : rest.reduce(@fields[first]) { |value, name| value.is_a?(Hash) ? value[name] : nil }
    end

    def set(reference, value)
      names = path(reference)
      if names.length == 2 && names.first == '@metadata' then @metadata[names.last] = value
      elsif names.length == 1 then @fields[names.first] = value
      else raise "#{reference} is not stood in for"
      end
    end

    def remove(name)
      @fields.delete(name)
    end

    def to_hash
      @fields.dup
    end

    private

    def path(reference)
      return reference.scan(/\[([^\[\]]+)\]/).flatten if reference.start_with?('[')
      raise "Invalid FieldReference: `#{reference}`" if reference.match?(/[\[\]]/)

      [reference]
    end
  end
end

# What a script's tests may say.
class Script
  attr_reader :failed, :passed

  def initialize(path)
    @passed = []
    @failed = []
    instance_eval(File.read(path, encoding: 'UTF-8'), path, 1)
  end

  def test(name)
    @name = name
    yield
  end

  def parameters
    register(yield)
  end

  def in_event
    @result = filter(LogStash::Event.new(yield))
  end

  def expect(what)
    (yield(@result) ? @passed : @failed) << "#{@name} #{what}"
  end
end

script = Script.new(File.expand_path(ARGV.first))
script.register({})
outputs = ARGV.drop(1).map do |path|
  lines = File.readlines(path, chomp: true, encoding: 'UTF-8')
  [File.basename(path), lines.map do |line|
    event = LogStash::Event.new('message' => line, 'host' => { 'name' => 'host' }, 'tags' => ['beats'])
    script.filter(event)
    document = event.to_hash.reject { |name| name == '@version' }
    event.metadata.key?('why') ? { 'why' => event.metadata['why'] } : { 'id' => event.metadata['id'], 'document' => document }
  end]
end
puts JSON.generate('ruby' => "#{RUBY_ENGINE} #{defined?(JRUBY_VERSION) ? JRUBY_VERSION : RUBY_VERSION}", 'passed' => script.passed, 'failed' => script.failed, 'outputs' => outputs.to_h)
