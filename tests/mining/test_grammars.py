"""
Every built-in language: its definitions on a real snippet, what is asked for, and that splicing gives the bytes back.
"""

from __future__ import annotations

import pytest
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import GRAMMARS, builtin_languages, language_named, language_of
from idiolect.mining.mine_file import mine_data, mine_source
from idiolect.mining.source import parse_source

# language, file name, text, (kind, symbol) of every definition, the documentation and body of one of them
SNIPPETS = [
    pytest.param(
        "javascript",
        "queue.mjs",
        """
import { open } from "./disk.mjs";

/**
 * Keeps jobs in order.
 */
export class Queue {
  // Adds one job at the end.
  push(job) {
    this.jobs.push(job);
    return this.jobs.length;
  }
}

// Opens the queue of a folder.
export const openQueue = async (folder) => {
  const file = await open(folder);
  return new Queue(file);
};

function size(queue) { return queue.jobs.length; }
""",
        [("class", "Queue"), ("method", "Queue.push"), ("function", "openQueue"), ("function", "size")],
        (
            "openQueue",
            "// Opens the queue of a folder.",
            "  const file = await open(folder);\n  return new Queue(file);",
        ),
        id="javascript",
    ),
    pytest.param(
        "javascript",
        "reply.js",
        """
/*! MIT Licensed */

/**
 * Module dependencies.
 */

var http = require("http");

/**
 * Send a body.
 *
 * @public
 */

reply.send = function send(body) {
  this.end(body);
  return this;
};

exports.parse = async (text) => {
  return JSON.parse(text);
};

var status = function (code) {
  return http.codes[code];
};

module.exports = {
  // Opens.
  open: function (path) {
    return http.get(path);
  },
  close: (path) => {
    http.end(path);
  },
};

const routes = {
  list: function* () {
    yield reply;
  },
};

class Timer {
  // Starts anew.
  start = (delay) => {
    this.delay = delay;
  };
}

run({ success: function (text) {
  exports.parse(text);
} });
""",
        [
            ("function", "reply.send"),
            ("function", "exports.parse"),
            ("function", "status"),
            ("function", "open"),
            ("function", "close"),
            ("function", "routes.list"),
            ("class", "Timer"),
            ("method", "Timer.start"),
        ],
        ("reply.send", "/**\n * Send a body.\n *\n * @public\n */", "  this.end(body);\n  return this;"),
        id="javascript as assigned",
    ),
    pytest.param(
        "typescript",
        "cart.ts",
        """
export interface Line {
  sku: string;
  count: number;
}

export abstract class Cart<T extends Line> {
  /** Sums what every line costs. */
  total(prices: Map<string, number>): number {
    // a line without a price costs nothing
    return this.lines.reduce((sum, line) => sum + line.count * (prices.get(line.sku) ?? 0), 0);
  }
}

enum State {
  Open,
  Paid,
}

class Till {
  ring = async (line: Line): Promise<void> => {
    this.lines.push(line);
  };
}

export default {
  open: function (path: string) {
    return new Till(path);
  },
};
""",
        [
            ("class", "Line"),
            ("class", "Cart"),
            ("method", "Cart.total"),
            ("class", "State"),
            ("class", "Till"),
            ("method", "Till.ring"),
            ("function", "open"),
        ],
        (
            "Cart.total",
            "/** Sums what every line costs. */",
            "    // a line without a price costs nothing\n"
            "    return this.lines.reduce((sum, line) => sum + line.count * (prices.get(line.sku) ?? 0), 0);",
        ),
        id="typescript",
    ),
    pytest.param(
        "tsx",
        "badge.tsx",
        """
// Shows how many messages wait.
export function Badge({ count }: { count: number }) {
  if (count === 0) {
    return null;
  }
  return <span className="badge">{count}</span>;
}
""",
        [("function", "Badge")],
        (
            "Badge",
            "// Shows how many messages wait.",
            '  if (count === 0) {\n    return null;\n  }\n  return <span className="badge">{count}</span>;',
        ),
        id="tsx",
    ),
    pytest.param(
        "go",
        "store.go",
        """
package store

// Store keeps blobs by their key.
type Store struct {
	root string
}

// Get returns the blob of key,
// or ErrMissing.
func (s *Store) Get(key string) ([]byte, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func New(root string) *Store { return &Store{root} }
""",
        [("class", "Store"), ("method", "Store.Get"), ("function", "New")],
        (
            "Store.Get",
            "// Get returns the blob of key,\n// or ErrMissing.",
            "\tpath, err := s.path(key)\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn os.ReadFile(path)",
        ),
        id="go",
    ),
    pytest.param(
        "java",
        "Ledger.java",
        """
package bank;

public final class Ledger {
    private final List<Entry> entries;

    public Ledger(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Returns what is left.
     */
    @Override
    public long balance()
    {
        return entries.stream().mapToLong(Entry::amount).sum();
    }

    record Entry(long amount) {
        boolean isDebit() {
            return amount < 0;
        }
    }
}
""",
        [
            ("class", "Ledger"),
            ("method", "Ledger.Ledger"),
            ("method", "Ledger.balance"),
            ("class", "Ledger.Entry"),
            ("method", "Ledger.Entry.isDebit"),
        ],
        (
            "Ledger.balance",
            "/**\n     * Returns what is left.\n     */",
            "        return entries.stream().mapToLong(Entry::amount).sum();",
        ),
        id="java",
    ),
    pytest.param(
        "rust",
        "ring.rs",
        """
use std::collections::VecDeque;

/// A bounded queue.
#[derive(Debug)]
pub struct Ring<T> {
    items: VecDeque<T>,
}

impl<T> Ring<T> {
    /// Adds an item and returns the one that had to go.
    #[must_use]
    pub fn push(&mut self, item: T) -> Option<T> {
        let gone = if self.is_full() { self.items.pop_front() } else { None };
        self.items.push_back(item);
        gone
    }
}
""",
        [("class", "Ring"), ("class", "Ring"), ("method", "Ring.push")],
        (
            "Ring.push",
            "/// Adds an item and returns the one that had to go.",
            "        let gone = if self.is_full() { self.items.pop_front() } else { None };\n"
            "        self.items.push_back(item);\n        gone",
        ),
        id="rust",
    ),
    pytest.param(
        "c",
        "list.c",
        """
#include "list.h"

typedef struct {
    struct node *first;
} list;

struct node {
    int value;
    struct node *next;
};

/* Puts a value in front. */
struct node *list_push(list *self, int value)
{
    struct node *node = malloc(sizeof *node);
    node->value = value;
    node->next = self->first;
    return self->first = node;
}

static int list_empty(const list *self) {
    return self->first == NULL;
}
""",
        [("class", "list"), ("class", "node"), ("function", "list_push"), ("function", "list_empty")],
        (
            "list_push",
            "/* Puts a value in front. */",
            "    struct node *node = malloc(sizeof *node);\n    node->value = value;\n"
            "    node->next = self->first;\n    return self->first = node;",
        ),
        id="c",
    ),
    pytest.param(
        "cpp",
        "ring.cpp",
        """
namespace audio {

template <typename T>
class Ring {
 public:
  explicit Ring(size_t size) : items_(size) {
    clear();
  }

  // Tells whether nothing waits.
  bool empty() const {
    return head_ == tail_;
  }
};

// Reads one frame.
const Frame &Mixer::next()
{
  auto &frame = frames_.front();
  frames_.pop();
  return frame;
}

}  // namespace audio
""",
        [
            ("class", "audio"),
            ("class", "audio.Ring"),
            ("method", "audio.Ring.Ring"),
            ("method", "audio.Ring.empty"),
            ("method", "audio.Mixer.next"),
        ],
        (
            "audio.Mixer.next",
            "// Reads one frame.",
            "  auto &frame = frames_.front();\n  frames_.pop();\n  return frame;",
        ),
        id="cpp",
    ),
    pytest.param(
        "csharp",
        "Clock.cs",
        """
namespace Office.Time
{
    /// <summary>Tells the time.</summary>
    public sealed class Clock : IClock
    {
        /// <summary>Waits until <paramref name="end"/>.</summary>
        public async Task WaitAsync(DateTime end)
        {
            var left = end - Now;
            await Task.Delay(left);
        }
    }
}
""",
        [("class", "Office.Time"), ("class", "Office.Time.Clock"), ("method", "Office.Time.Clock.WaitAsync")],
        (
            "Office.Time.Clock.WaitAsync",
            '/// <summary>Waits until <paramref name="end"/>.</summary>',
            "            var left = end - Now;\n            await Task.Delay(left);",
        ),
        id="csharp",
    ),
    pytest.param(
        "ruby",
        "basket.rb",
        """
require "set"

module Shop
  class Basket
    # Adds an item, unless it is sold out.
    def add(item, count: 1)
      return false if item.sold_out?

      @items[item] += count
    end

    def self.empty
      new([])
    end
  end
end
""",
        [
            ("class", "Shop"),
            ("class", "Shop.Basket"),
            ("method", "Shop.Basket.add"),
            ("method", "Shop.Basket.empty"),
        ],
        (
            "Shop.Basket.add",
            "# Adds an item, unless it is sold out.",
            "      return false if item.sold_out?\n\n      @items[item] += count",
        ),
        id="ruby",
    ),
    pytest.param(
        "php",
        "Mailer.php",
        """<?php

namespace App;

final class Mailer
{
    /**
     * Sends a letter.
     */
    public function send(Letter $letter): bool
    {
        $this->log->info('sending');
        return $this->transport->deliver($letter);
    }
}

function greet(string $name): string {
    return "Hello $name";
}
""",
        [("class", "Mailer"), ("method", "Mailer.send"), ("function", "greet")],
        (
            "Mailer.send",
            "/**\n     * Sends a letter.\n     */",
            "        $this->log->info('sending');\n        return $this->transport->deliver($letter);",
        ),
        id="php",
    ),
    pytest.param(
        "bash",
        "deploy.sh",
        """#!/usr/bin/env bash
set -euo pipefail

# Copies the build to a host.
deploy() {
  local host="$1"
  rsync -a build/ "$host:/srv"
  notify "$host"
}

function notify {
  echo "done: $1"
}
""",
        [("function", "deploy"), ("function", "notify")],
        (
            "deploy",
            "# Copies the build to a host.",
            '  local host="$1"\n  rsync -a build/ "$host:/srv"\n  notify "$host"',
        ),
        id="bash",
    ),
    pytest.param(
        "sql",
        "schema.sql",
        """
-- Who may sign in.
CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL
);

CREATE VIEW active AS
SELECT id
FROM accounts;
""",
        [("table", "accounts"), ("view", "active")],
        ("accounts", "-- Who may sign in.", "    id BIGINT PRIMARY KEY,\n    email TEXT NOT NULL"),
        id="sql",
    ),
    pytest.param(
        "hcl",
        "main.tf",
        """
# The machine that serves the site.
resource "aws_instance" "web" {
  ami           = var.image
  instance_type = "t3.micro"

  tags = merge(local.tags, { Name = "web" })
}

locals {
  tags = {}
}
""",
        [("block", "resource.aws_instance.web"), ("block", "locals")],
        (
            "resource.aws_instance.web",
            "# The machine that serves the site.",
            '  ami           = var.image\n  instance_type = "t3.micro"\n\n  tags = merge(local.tags, { Name = "web" })',
        ),
        id="hcl",
    ),
    pytest.param(
        "starlark",
        "BUILD.bazel",
        '''
load("//tools:rules.bzl", "house_library")

def stamp(name, srcs):
    """Stamps the sources."""
    native.genrule(name = name, srcs = srcs)

house_library(
    name = "core",
    srcs = glob(["*.py"]),
)
''',
        [("function", "stamp"), ("rule", "core")],
        ("stamp", '"""Stamps the sources."""', "    native.genrule(name = name, srcs = srcs)"),
        id="starlark",
    ),
    pytest.param(
        "yaml",
        "ci.yaml",
        """name: ci

# What runs on every push.
jobs:
  test:
    runs-on: linux
    steps:
      - run: make test
""",
        [("mapping", "jobs")],
        (
            "jobs",
            "# What runs on every push.",
            "  test:\n    runs-on: linux\n    steps:\n      - run: make test",
        ),
        id="yaml",
    ),
    pytest.param(
        "markdown",
        "README.md",
        """# Tool

What it is.

## Install

Run this:

    pip install tool
""",
        [("section", "Tool"), ("section", "Tool.Install")],
        ("Tool.Install", None, "\nRun this:\n\n    pip install tool"),
        id="markdown",
    ),
    pytest.param(
        "kotlin",
        "Queue.kt",
        """
package jobs

/** Keeps jobs in order. */
class Queue(private val limit: Int) {
  private val jobs = mutableListOf<Job>()

  /** Adds one job at the end. */
  @Throws(FullException::class)
  fun push(job: Job): Int {
    check(jobs.size < limit) { "full" }
    jobs += job
    return jobs.size
  }

  fun size() = jobs.size

  companion object {
    fun open(): Queue {
      return Queue(8)
    }
  }
}

interface Sink {
  fun close()
}

// Runs a job until it works.
fun Job.insist(): Boolean {
  while (!run()) pause()
  return true
}

object Clock {
  val closer = object : Sink {
    override fun close() {
      stop()
    }
  }
}
""",
        [
            ("class", "Queue"),
            ("method", "Queue.push"),
            ("method", "Queue.size"),
            ("method", "Queue.open"),
            ("class", "Sink"),
            ("function", "Job.insist"),
            ("class", "Clock"),
            ("method", "Clock.close"),
        ],
        (
            "Queue.push",
            "/** Adds one job at the end. */",
            '    check(jobs.size < limit) { "full" }\n    jobs += job\n    return jobs.size',
        ),
        id="kotlin",
    ),
    pytest.param(
        "swift",
        "Queue.swift",
        """
import Foundation

/// Keeps jobs in order.
public final class Queue: NSObject {
    private var jobs: [Job] = []

    public init(limit: Int) {
        self.limit = limit
    }

    /// How many there are.
    var size: Int {
        jobs.count
    }

    /// Adds one job at the end.
    @discardableResult
    public func push(_ job: Job, twice: Bool = false) throws -> Int {
        guard let room = room else { return 0 }
        jobs.append(job)
        return room
    }
}

enum State {
    case open, closed
}

protocol Sink {
    func close()
}

extension Queue: Sink {
    func close() {
        jobs = []
    }
}

func insist(on job: Job) async -> Bool {
    await job.run()
}
""",
        [
            ("class", "Queue"),
            ("method", "Queue.init"),
            ("method", "Queue.size"),
            ("method", "Queue.push"),
            ("class", "State"),
            ("class", "Sink"),
            ("class", "Queue"),
            ("method", "Queue.close"),
            ("function", "insist"),
        ],
        (
            "Queue.push",
            "/// Adds one job at the end.",
            "        guard let room = room else { return 0 }\n        jobs.append(job)\n        return room",
        ),
        id="swift",
    ),
    pytest.param(
        "scala",
        "Queue.scala",
        """
package jobs

/** Keeps jobs in order. */
class Queue(limit: Int) extends Sink {
  /** Adds one job at the end. */
  def push(job: Job)(implicit clock: Clock): Int = {
    jobs += job
    jobs.size
  }

  def size: Int = jobs.size

  def this() = {
    this(8)
  }
}

object Queue {
  val closer = new Sink {
    def close() = {
      stop()
    }
  }
}

trait Sink {
  def close(): Unit
}

enum State {
  case Open, Closed
}

// Runs a job until it works.
def insist(job: Job): Boolean =
  while !job.run() do pause()
  true

given Sink = Queue.closer
""",
        [
            ("class", "Queue"),
            ("method", "Queue.push"),
            ("method", "Queue.size"),
            ("method", "Queue.this"),
            ("class", "Queue"),
            ("method", "Queue.close"),
            ("class", "Sink"),
            ("class", "State"),
            ("function", "insist"),
        ],
        ("insist", "// Runs a job until it works.", "  while !job.run() do pause()\n  true"),
        id="scala",
    ),
    pytest.param(
        "lua",
        "queue.lua",
        """
local Queue = {}

--- Adds one job at the end.
-- @param job what is added
function Queue:push(job)
  self.jobs[#self.jobs + 1] = job
  return #self.jobs
end

function Queue.open(limit)
  return setmetatable({ limit = limit }, Queue)
end

-- Runs a job until it works.
local function insist(job)
  while not job.run() do pause() end
end

local close = function(queue)
  queue.jobs = {}
end

Queue.close = function(queue)
  close(queue)
end

return Queue
""",
        [
            ("function", "Queue.push"),
            ("function", "Queue.open"),
            ("function", "insist"),
            ("function", "close"),
            ("function", "Queue.close"),
        ],
        (
            "Queue.push",
            "--- Adds one job at the end.\n-- @param job what is added",
            "  self.jobs[#self.jobs + 1] = job\n  return #self.jobs",
        ),
        id="lua",
    ),
    pytest.param(
        "solidity",
        "Queue.sol",
        """
pragma solidity ^0.8.20;

/**
 * @dev Keeps jobs in order.
 */
contract Queue is Owned {
    uint256 public limit;

    constructor(uint256 limit_) Owned(msg.sender) {
        limit = limit_;
    }

    modifier open() {
        require(!closed, "closed");
        _;
    }

    /// @dev Adds one job at the end.
    function push(uint256 job) public open returns (uint256) {
        jobs.push(job);
        return jobs.length;
    }

    struct Job {
        uint256 id;
    }
}

library Clock {
    function tick(uint256 now_) internal pure returns (uint256) {
        return now_ + 1;
    }
}

interface Sink {
    function close() external;
}
""",
        [
            ("class", "Queue"),
            ("method", "Queue.constructor"),
            ("method", "Queue.open"),
            ("method", "Queue.push"),
            ("class", "Queue.Job"),
            ("class", "Clock"),
            ("method", "Clock.tick"),
            ("class", "Sink"),
        ],
        (
            "Queue.push",
            "/// @dev Adds one job at the end.",
            "        jobs.push(job);\n        return jobs.length;",
        ),
        id="solidity",
    ),
    pytest.param(
        "dart",
        "queue.dart",
        """
import 'dart:async';

/// Keeps jobs in order.
@immutable
class Queue extends Sink {
  const Queue({required this.limit});
  Queue.of(List<Job> jobs) : limit = jobs.length {
    jobs.forEach(push);
  }
  factory Queue.open() => Queue(limit: 8);

  final int limit;

  // Not what the next one does.
  /// Adds one job at the end.
  @override
  @mustCallSuper
  Future<int> push(Job job, {bool twice = false}) async {
    jobs.add(job);
    return jobs.length;
  }

  int get size => jobs.length;

  @override
  bool operator ==(Object other) => other is Queue;
}

mixin Closing on Sink {
  void close() {}
}

extension Insisting on Job {
  /// Runs a job until it works.
  Future<void> insist() =>
      retry(
        () => run(),
      );
}

void main() {
  runApp(const App());
}
""",
        [
            ("class", "Queue"),
            ("method", "Queue.of"),
            ("method", "Queue.open"),
            ("method", "Queue.push"),
            ("method", "Queue.size"),
            ("method", "Queue.=="),
            ("class", "Closing"),
            ("method", "Closing.close"),
            ("class", "Insisting"),
            ("method", "Insisting.insist"),
            ("function", "main"),
        ],
        ("Queue.push", "/// Adds one job at the end.", "    jobs.add(job);\n    return jobs.length;"),
        id="dart",
    ),
    pytest.param(
        "elixir",
        "queue.ex",
        '''
defmodule Jobs.Queue do
  @moduledoc """
  Keeps jobs in order.
  """

  use GenServer

  # A note to the authors.
  @doc """
  Adds one job at the end.
  """
  @spec push(pid, Job.t()) :: integer
  def push(queue, %Job{} = job) when is_pid(queue) do
    GenServer.call(queue, {:push, job})
  end

  def size(queue), do: GenServer.call(queue, :size)

  def open do
    start_link(limit: 8)
  end

  defp room(%{limit: limit}) when limit > 0 do
    limit
  end

  defmacro insist(job) do
    quote do: retry(unquote(job))
  end
end

defimpl Sink, for: Jobs.Queue do
  def close(queue) do
    stop(queue)
  end
end
''',
        [
            ("class", "Jobs.Queue"),
            ("method", "Jobs.Queue.push"),
            ("method", "Jobs.Queue.size"),
            ("method", "Jobs.Queue.open"),
            ("method", "Jobs.Queue.room"),
            ("method", "Jobs.Queue.insist"),
            ("class", "Sink.Jobs.Queue"),
            ("method", "Sink.Jobs.Queue.close"),
        ],
        (
            "Jobs.Queue.push",
            '@doc """\n  Adds one job at the end.\n  """',
            "    GenServer.call(queue, {:push, job})",
        ),
        id="elixir",
    ),
    pytest.param(
        "julia",
        "Queue.jl",
        '''
module Jobs
using Disks: open_disk

"""
Keeps jobs in order.
"""
struct Queue{T} <: Sink
    jobs::Vector{T}
end

# A note to the authors.
"""
    push(queue, job)

Add one job at the end.
"""
function push(queue::Queue{T}, job::T; twice=false)::Int where {T}
    # one more
    push!(queue.jobs, job)
    return length(queue.jobs)
end

"How many there are."
@inline function size(queue)
    length(queue.jobs)
end

function Base.show(io::IO, queue::Queue)
    print(io, "$(size(queue)) jobs")
end

macro insist(job)
    esc(job)
end

room(queue) = queue.limit - size(queue)
end
''',
        [
            ("class", "Jobs"),
            ("class", "Jobs.Queue"),
            ("method", "Jobs.push"),
            ("method", "Jobs.size"),
            ("method", "Jobs.Base.show"),
            ("method", "Jobs.insist"),
            ("method", "Jobs.room"),
        ],
        (
            "Jobs.push",
            '"""\n    push(queue, job)\n\nAdd one job at the end.\n"""',
            "    # one more\n    push!(queue.jobs, job)\n    return length(queue.jobs)",
        ),
        id="julia",
    ),
    pytest.param(
        "perl",
        "lib/Jobs/Queue.pm",
        """
package Jobs::Queue;
use Jobs::Base -base, -signatures;

has limit => 16;

# Add one job at the end.
sub push ($self, @jobs) {
  # one more
  push @{$self->{jobs}}, @jobs;
  return scalar @{$self->{jobs}};
}

=head2 room

  my $room = $queue->room;

=cut

sub room {
  my $self = shift;
  return $self->limit - $self->size;
}

package Jobs::Broken {
  sub message { 'no room' }
}

class Jobs::Gate {
  method open($by) { return $by }
}

1;
""",
        [
            ("function", "push"),
            ("function", "room"),
            ("class", "Jobs.Broken"),
            ("method", "Jobs.Broken.message"),
            ("class", "Jobs.Gate"),
            ("method", "Jobs.Gate.open"),
        ],
        (
            "push",
            "# Add one job at the end.",
            "  # one more\n  push @{$self->{jobs}}, @jobs;\n  return scalar @{$self->{jobs}};",
        ),
        id="perl",
    ),
    pytest.param(
        "fortran",
        "queue.f90",
        """
!> Keeps jobs in order.
module queues
  use, intrinsic :: iso_fortran_env, only : dp => real64
  implicit none
  private

  !> A bounded queue.
  type, extends(sink) :: queue
    integer :: n = 0 !< how many
  contains
    procedure :: size => queue_size
  end type queue

  interface
    module subroutine far(a)
      integer, intent(in) :: a
    end subroutine far
  end interface

contains

  !> Adds one job at the end.
  subroutine push(self, job)
    class(queue), intent(inout) :: self
    integer, intent(in) :: job
    ! one more
    self%n = self%n + 1
    call log_it("pushed", 'a', job)
  end subroutine push

  pure elemental integer function queue_size(self) result(n)
    !! How many
    !! there are.
    class(queue), intent(in) :: self
    n = self%n
  end function queue_size

  ! Halves.
  real(dp) function half(x)
    real(dp), intent(in) :: x
    half = inner()
  contains
    real(dp) function inner()
      inner = x / 2
    end function
  end function half
end module queues

submodule (queues) far_away
contains
  module procedure far
    print *, a
  end procedure far
end submodule far_away

program main
  use queues
  call push(all, 1)
end program main
""",
        [
            ("class", "queues"),
            ("class", "queues.queue"),
            ("method", "queues.push"),
            ("method", "queues.queue_size"),
            ("method", "queues.half"),
            ("function", "queues.half.inner"),
            ("class", "far_away"),
            ("method", "far_away.far"),
            ("function", "main"),
        ],
        (
            "queues.half",
            "! Halves.",
            "    real(dp), intent(in) :: x\n    half = inner()\n  contains\n    real(dp) function inner()\n"
            "      inner = x / 2\n    end function",
        ),
        id="fortran",
    ),
    pytest.param(
        "haskell",
        "Queue.hs",
        """
{-# LANGUAGE RecordWildCards #-}
-- | Keeps jobs in order.
module Jobs.Queue (Queue (..), push) where

import qualified Data.Map as Map

-- | A bounded queue.
data Queue a = Queue
  { jobs :: [a]  -- ^ what waits
  , limit :: Int
  }
  deriving (Show)

-- | Adds one job at the end.
push :: Queue a -> a -> Queue a
push queue job = queue { jobs = everything }
  where
    -- one more
    everything = jobs queue ++ [job]

-- By cases.
room :: Int -> Int
{-# INLINE room #-}
room 0 = 1
-- all else
room n
  | n > 3 = 0
  | otherwise = room (n - 1)

-- | How many there are.
size :: Queue a -> Int
size = length . jobs

class Sink s where
  -- | Closes.
  close :: s -> IO ()
  close _ = pure ()

instance Sink (Queue a) where
  close queue =
    stop queue

newtype Id = Id Int
""",
        [
            ("class", "Queue"),
            ("function", "push"),
            ("function", "room"),
            ("function", "size"),
            ("class", "Sink"),
            ("method", "Sink.close"),
            ("class", "Sink.Queue"),
            ("method", "Sink.Queue.close"),
            ("class", "Id"),
        ],
        (
            "room",
            "-- By cases.",
            "{-# INLINE room #-}\nroom 0 = 1\n-- all else\nroom n\n  | n > 3 = 0\n  | otherwise = room (n - 1)",
        ),
        id="haskell",
    ),
    pytest.param(
        "zig",
        "queue.zig",
        """
//! Keeps jobs in order.
const std = @import("std");

/// A bounded queue.
pub const Queue = struct {
    jobs: std.ArrayList(Job),

    /// Adds one job at the end.
    pub fn push(self: *Queue, job: Job) !usize {
        // one more
        try self.jobs.append(job);
        return self.jobs.items.len;
    }

    fn size(self: Queue) usize { return self.jobs.items.len; }
};

const State = enum(u8) { open, closed };

pub fn Ring(comptime T: type) type {
    return struct {
        /// The one that was there first.
        pub fn first(self: @This()) T {
            return self.items[0];
        }
    };
}

fn Item(comptime T: type) type {
    return @typeInfo(T).array.child;
}

const Failed = error{ Full, Closed };

export fn push_job(job: *Job) void {
    queue.push(job.*) catch unreachable;
}

const clock = struct {
    fn tick() u64 {
        return std.time.now();
    }
};

test "push" {
    const Own = struct { a: u8 };
    try std.testing.expect(Own{ .a = 1 } == 1);
}
""",
        [
            ("class", "Queue"),
            ("method", "Queue.push"),
            ("method", "Queue.size"),
            ("class", "State"),
            ("class", "Ring"),
            ("method", "Ring.first"),
            ("function", "Item"),
            ("class", "Failed"),
            ("function", "push_job"),
            ("class", "clock"),
            ("method", "clock.tick"),
        ],
        (
            "Queue.push",
            "/// Adds one job at the end.",
            "        // one more\n        try self.jobs.append(job);\n        return self.jobs.items.len;",
        ),
        id="zig",
    ),
]


@pytest.mark.parametrize(("name", "path", "text", "symbols", "one"), SNIPPETS)
def test_definitions(name, path, text, symbols, one):
    """Each unit has its kind and symbol; its documentation and its body's lines are found."""
    language = language_of(path)
    assert language is not None
    source = parse_source(path, text.encode(), language)
    definitions = collect_definitions(source)
    symbol, doc, code = one
    chosen = next(definition for definition in definitions if definition.symbol == symbol)

    assert name == language.name
    assert not source.tree.root_node.has_error
    assert symbols == [(definition.kind, definition.symbol) for definition in definitions]
    assert doc == (None if chosen.doc is None else source.slice(chosen.doc))
    assert chosen.code is not None
    assert code.lstrip("\n") == source.slice(chosen.code).lstrip("\n")


@pytest.mark.parametrize(("name", "path", "text", "symbols", "one"), SNIPPETS)
def test_splicing_gives_the_bytes_back(name, path, text, symbols, one):
    """Every part of every definition, put back where it was taken from, leaves the file as it was; CRLF included."""
    for data in (text.encode(), text.replace("\n", "\r\n").encode()):
        source = parse_source(path, data, language_named(name))
        for definition in collect_definitions(source):
            for span in (definition.span, definition.body, definition.code, definition.doc):
                assert span is None or data == source.encode(source.splice(span, source.slice(span)))


@pytest.mark.parametrize(("name", "path", "text", "symbols", "one"), SNIPPETS)
def test_infill(name, path, text, symbols, one):
    """Units of every language are asked for in infill pairs, whose answers stand in the file."""
    language = language_named(name)
    found = [
        draft
        for number in range(12)
        for draft in mine_source(parse_source(f"{number}/{path}", text.encode(), language), ["infill"]).drafts
    ]

    assert found
    assert all(draft.response in text for draft in found)


@pytest.mark.parametrize(
    ("path", "text", "symbol"),
    [
        pytest.param("a.rs", "impl fmt::Display for f::Job {{ {} }}", "Job.run", id="a type of another module"),
        pytest.param("a.rs", "impl<'a> Run for &'a mut Job {{ {} }}", "Job.run", id="a reference"),
        pytest.param("a.rs", "impl<T> Run for &v::List<T> {{ {} }}", "run", id="what has no plain name"),
        pytest.param("a.rs", "impl<T> Run for v::List<T> {{ {} }}", "List.run", id="a generic type of another module"),
        pytest.param("a.rs", "impl dyn Job {{ {} }}", "Job.run", id="a trait object"),
        pytest.param("a.rs", "impl Run for u8 {{ {} }}", "u8.run", id="a primitive type"),
    ],
)
def test_a_function_is_named_with_the_type_that_it_is_for(path, text, symbol):
    """Whatever form a type takes, what is implemented for it can be told from what is for others."""
    language = language_of(path)
    assert language is not None
    source = parse_source(path, text.format("fn run(&self) {\n    go();\n}").encode(), language)

    assert symbol == collect_definitions(source)[-1].symbol


@pytest.mark.parametrize("path", ["a.js", "a.ts", "a.tsx"])
@pytest.mark.parametrize(
    ("text", "symbol", "is_local"),
    [
        pytest.param("const doors = {{ {} }};", "doors.open", False, id="an object with a variable"),
        pytest.param("export default {{ {} }};", "open", False, id="what a module is"),
        pytest.param("add({{ {} }});", "open", True, id="an argument"),
        pytest.param("const doors = {{ more: {{ {} }} }};", "open", True, id="an object in another"),
    ],
)
def test_a_method_of_an_object_is_named_with_its_variable(path, text, symbol, is_local):
    """Where there is none, no one can name it."""
    language = language_of(path)
    assert language is not None
    found = collect_definitions(parse_source(path, text.format("open(key) {\n  go();\n}").encode(), language))

    assert [(symbol, is_local)] == [(one.symbol, one.is_local) for one in found]


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("a.kt", "fun f(a: Int): Int =\n    a + 1\n", "    a + 1"),
        ("a.kt", "fun f(a: Int): Int\n    = a + 1\n", "    = a + 1"),
        ("a.kt", "fun Int.f() = when (this) {\n    1 -> 2\n    else -> g()\n}\n", "    1 -> 2\n    else -> g()"),
        ("a.kt", "fun f(a: Int): Int = a + 1\n", ""),
        ("a.kt", "fun f() = try {\n    g()\n} finally {\n    h()\n}\n", ""),
        ("A.cs", "class A {\n  int F() =>\n    // Why.\n    G(1);\n}\n", "    // Why.\n    G(1);"),
        ("A.cs", "class A {\n  int F()\n    => G(1);\n}\n", "    => G(1);"),
        ("A.cs", "class A {\n  int F() => a switch\n  {\n    1 => G(),\n  };\n}\n", "    1 => G(),"),
        ("a.kt", "fun f() = list(\n    1,\n    2,\n)\n", "    1,\n    2,"),
        ("a.ts", "const f = (a: Key) =>\n  g(a);\n", "  g(a);"),
        ("a.ts", "const f = async <T>(a: T): Promise<T> =>\n  // Why.\n  a ?? g(a)\n", "  // Why.\n  a ?? g(a)"),
        ("a.ts", "export const f = (a: Key) => ({\n  key: a,\n});\n", "  key: a,"),
        ("a.js", "const f = a => g({\n  key: a,\n});\n", "  key: a,"),
        ("a.js", "const f = a => g(a).map((b) => {\n  h(b);\n});\n", "  h(b);"),
        ("a.js", "const f = (a) => a.b\n  .c()\n  .d({\n    e: 1,\n  });\n", ""),
        ("a.js", "const doors = {\n  f: (a) =>\n    g(a),\n};\n", "    g(a),"),
        ("a.js", "const f = (a) => a + 1;\n", ""),
        ("a.tsx", "const F = ({ a }: Keys) => (\n  <p>{a}</p>\n);\n", "  <p>{a}</p>"),
        ("a.dart", "int f(int a) =>\n    a + 1;\n", "    a + 1;"),
        ("a.dart", "Future<int> f() async =>\n    await g();\n", "    await g();"),
        ("a.dart", "int f(int a) => a + 1;\n", ""),
        ("a.ex", "defmodule A do\n  def f(a),\n    do: a + 1\nend\n", ""),
        ("a.scala", "def f(a: Int): Int = a match {\n  case 1 => g()\n}\n", "  case 1 => g()"),
        ("a.scala", "def f(a: Int): Int =\n  a + 1\n\n/** Goes on. */\ndef g = 1\n", "  a + 1"),
        ("a.scala", "def f(a: Int): Int =\n  a + 1\n\n// Goes\n// on.\ndef g = 1\n", "  a + 1"),
    ],
)
def test_an_expression_is_a_body(path, text, code):
    """What follows `=` or `=>` is asked for where it has lines for itself, or braces that hold all but its head."""
    language = language_of(path)
    assert language is not None
    source = parse_source(path, text.encode(), language)

    found = next(each for each in collect_definitions(source) if each.name.lower() == "f")

    assert code == (source.slice(found.code) if found.code is not None else "")


def test_parameters_without_a_node_of_their_own_are_found():
    """Where a grammar gives a list of parameters no node, as Swift's, its brackets and what they hold are the list."""
    text = "func push(_ job: Job, twice: (Int, Int) = (1, 2)) -> (Int, Int) {\n  g()\n}\n"
    source = parse_source("a.swift", text.encode(), language_named("swift"))
    (found,) = collect_definitions(source)

    assert found.params is not None
    assert "(_ job: Job, twice: (Int, Int) = (1, 2))" == source.slice(found.params)


FORMS = [
    ("a.rb", "def twice(a) = a + 1\n", ["twice"]),
    ("A.cs", "class A {\n  int B => 1;\n int C { get { return 1; } }\n  int D { get; set; }\n}\n", ["A", "A.B", "A.C"]),
    ("A.cs", "class A {\n  int this[int i] => a[i];\n  int this[B b] { get => a[b]; }\n}\n", ["A", "A.this", "A.this"]),
    ("A.cs", "class A {\n  public static A operator +(A a, A b) => a;\n}\n", ["A", "A.+"]),
    ("A.cs", "class A {\n  public static implicit operator F<int>(A a) => 1;\n}\n", ["A", "A.F"]),
    ("a.rs", "pub struct A(u8);\nstruct B;\nstruct C<T> where T: D {\n  e: T,\n}\n", ["A", "B", "C"]),
    ("a.kt", "class A {\n  val b: Int\n    get() = 1\n  val c = 1\n}\n", ["A", "A.b"]),
    ("a.kt", "val A<*>.b: Int get() = 1\nfun A?.c() = 1\nfun a.B<C>.d() = 1\n", ["A.b", "A.c", "B.d"]),
    ("a.kt", "@A(B::class)\n@C\nopen class D protected constructor() {\n  fun e() {\n    f()\n  }\n}\n", []),
    ("a.swift", "struct A {\n  subscript(i: Int) -> Int { return a[i] }\n}\n", ["A", "A.subscript"]),
    ("a.swift", "struct A {\n  static func == (l: A, r: A) -> Bool { return true }\n}\n", ["A", "A.=="]),
    ("a.zig", "const a: enum { b } = .b;\nconst C = enum { d };\n", ["C"]),
    ("a.cpp", "class A {\n  operator bool() const { return true; }\n};\n", ["A", "A.bool"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "symbols"), FORMS)
def test_a_definition_is_seen_whatever_its_form(path, text, symbols):
    """What has a body is a unit, named with what it is for; what the grammar misread is none."""
    language = language_of(path)
    assert language is not None

    assert symbols == [each.symbol for each in collect_definitions(parse_source(path, text.encode(), language))]


@pytest.mark.parametrize(
    ("path", "text", "symbols"),
    [
        ("a.c", "char **split(char *s) {\n  return 0;\n}\n", ["split"]),
        ("a.cpp", "char** A::split() {\n  return 0;\n}\nA*& at() {\n  return a;\n}\n", ["A.split", "at"]),
    ],
)
def test_a_function_may_return_a_pointer_to_a_pointer(path, text, symbols):
    """However a return type is wrapped around a name, the function is found."""
    language = language_of(path)
    assert language is not None

    assert symbols == [each.symbol for each in collect_definitions(parse_source(path, text.encode(), language))]


def test_every_built_in_language_has_a_snippet():
    """A language that is added is tested here."""
    here = {parameters.values[0] for parameters in SNIPPETS}

    assert {table.stem for table in GRAMMARS.glob("*.toml")} - {"python"} == here


def test_a_file_without_its_grammar_is_skipped_with_the_reason(monkeypatch):
    """A repository may hold languages whose package is not installed; the rest is mined."""
    import sys
    from dataclasses import replace

    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    fresh = [replace(language) for language in builtin_languages()]
    found = mine_data("a.go", b"package a\n", fresh, None)

    assert "grammar_not_installed_go" == found.reason


def test_a_whole_name_is_no_ending():
    """`BUILD` names a file; `REBUILD` is another one."""
    assert language_of("a/BUILD") is not None
    assert language_of("a/REBUILD") is None


@pytest.mark.parametrize("path", ["Gemfile", "a/Rakefile", "house.gemspec", "config.ru"])
def test_ruby_is_read_whatever_its_files_are_called(path):
    """What Ruby's own tools read is Ruby, though most of it does not end in `.rb`."""
    assert "ruby" == getattr(language_of(path), "name", None)


@pytest.mark.parametrize(
    ("path", "first", "name"),
    [
        ("bin/door", "#!/bin/sh -e", "bash"),
        ("bin/door", "#!/usr/bin/env bash", "bash"),
        ("door", "#! /usr/bin/python3.12 -u", "python"),
        ("door", "#!/usr/bin/env -S node --no-warnings", "javascript"),
        ("door", "#!/usr/bin/perl -w", "perl"),
        ("door", "#!/usr/bin/awk -f", None),
        ("door", "#!/usr/bin/env", None),
        ("door", "# by hand: /bin/sh", None),
        ("door.txt", "#!/bin/sh", None),
        ("Rakefile", "#!/bin/sh", "ruby"),
    ],
)
def test_a_script_without_an_ending_is_read_as_what_runs_it(path, first, name):
    """The first line of a command names its interpreter, with or without a path, a version and options."""
    assert name == getattr(language_of(path, data=f"{first}\ntrue\n".encode()), "name", None)


HEADERS = [
    ("c", "#include <stddef.h>\n/* a class of lists\n   in any namespace */\nstruct list { int n; };\n"),
    ("c", '#ifdef __cplusplus\nextern "C" int size(struct list *l);\n#else\nint size(struct list *l);\n#endif\n'),
    ("cpp", "class ring {\n public:\n  int size() const { return n_; }\n\n private:\n  int n_;\n};\n"),
    ("cpp", "template <typename T>\nT twice(T value) {\n  return value + value;\n}\n"),
    ("cpp", "namespace rings {\nint size();\n}\n"),
]


@pytest.mark.parametrize(("name", "text"), HEADERS)
def test_a_header_is_read_as_what_it_says(name, text):
    """Headers of C and of C++ both end in `.h`; one that says what C cannot is C++."""
    language = language_of("ring.h", data=text.encode())

    assert language is not None
    assert name == language.name


@pytest.mark.parametrize(
    ("first", "name"), [("use Test::More;", "perl"), ("use strict;", "perl"), ("  $ ring --count", None), ("", None)]
)
def test_a_test_of_perl_is_known_by_what_it_uses(first, name):
    """Other tools call their transcripts so, too."""
    assert name == getattr(language_of("t/ring.t", data=f"{first}\n\nok 1;\n".encode()), "name", None)


MACROS = [
    ("RING_API int size(int x) {\n  return x;\n}\n", "size", "RING_API int size(int x)"),
    (
        "static RING_INLINE RING_PURE bool is_any(int x)\n{\n  return x;\n}\n",
        "is_any",
        "static RING_INLINE RING_PURE bool",
    ),
    ("class RING_API Ring : public Base {\n  int size() const {\n    return 1;\n  }\n};\n", "Ring.size", "int size()"),
    ("RING_BEGIN_NAMESPACE\n\nint size() {\n  return 1;\n}\n\nRING_END_NAMESPACE\n", "size", "int size()"),
    ("HANDLE open_it(int x) {\n  HANDLE *held = found;\n  return held;\n}\n", "open_it", "HANDLE open_it(int x)"),
    ("DWORD_PTR *Ring::first(int x) {\n  return x;\n}\n", "Ring.first", "DWORD_PTR *Ring::first(int x)"),
]


@pytest.mark.parametrize(("text", "symbol", "head"), MACROS)
def test_macros_are_read_over(text, symbol, head):
    """What only a preprocessor knows hides no function, and stays in what is asked; types in capitals stay types."""
    source = parse_source("ring.cpp", text.encode(), language_named("cpp"))
    definition = next(found for found in collect_definitions(source) if found.kind != "class")

    assert not source.tree.root_node.has_error
    assert symbol == definition.symbol
    assert source.slice(definition.head).startswith(head)
    assert text == source.text


def test_tests_beside_the_code_are_no_units():
    """Rust keeps tests in the file that they test; what is compiled for another reason is none of them."""
    attributes = ("#[cfg(test)]", "#[cfg(all(test, unix))]\n#[allow(dead_code)]", "#[cfg(not(test))]", "#[cfg(unix)]")
    module = "mod m{n} {{\n    fn f{n}() {{\n        open();\n    }}\n}}\n"
    modules = "".join(f"{attribute}\n{module.format(n=n)}" for n, attribute in enumerate(attributes))
    functions = "".join(
        f"#[{name}]\nfn {name[-4:]}() {{\n    open();\n}}\n" for name in ("test", "tokio::test", "must_use")
    )
    source = parse_source("door.rs", (modules + functions).encode(), language_named("rust"))

    assert ["m2", "m2.f2", "m3", "m3.f3", "_use"] == [found.symbol for found in collect_definitions(source)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("cpp", "struct Ring {{\n  {0} (find(door)) {{\n    open();\n  }}\n  void hang(Key key) {{ open(); }}\n}};\n"),
        ("csharp", "class Ring {{\n  {0} (Find(door)) {{\n    Open();\n  }}\n  void hang(Key key) {{ Open(); }}\n}}\n"),
    ],
)
@pytest.mark.parametrize("word", ["switch", "if", "while"])
def test_a_statement_is_no_unit(language, text, word):
    """A grammar that lost its way, at a macro for instance, may take one in a class for a method."""
    source = parse_source("ring", text.format(word).encode(), language_named(language))

    assert ["Ring", "Ring.hang"] == [found.symbol for found in collect_definitions(source)]
