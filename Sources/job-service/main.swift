import JobService

await JobServiceProcess.main()
